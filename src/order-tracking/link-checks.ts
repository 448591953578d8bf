import { orderUids } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'

/** What must hold of links to tracking pages. */
export const linkChecks: readonly Check[] = [
  {
    name: 'tracking-links',
    sentence: 'a link that was revoked is of an order that is there, and there is a secret that links are made with',
    sql: `select l.order_uid from tracking_links l left join ${orderUids} o using (order_uid) where o.order_uid is null
           union all
          select 'the secret' where not exists (select from tracking_link_secret)`,
  },
]
