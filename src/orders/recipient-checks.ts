import type { Check } from '../platform/integrity.ts'
import { anonymous } from './recipient.ts'

/** What must hold of recipients that were corrected or erased. */
export const recipientChecks: readonly Check[] = [
  {
    name: 'order-corrections',
    sentence: 'a correction is in the history, and the recipient of an order is that of its last one',
    sql: `select order_uid
            from (select order_uid, version, delivery, true as is_kept from order_corrections) c
            full join (select order_uid, version from order_transitions where command = 'correct') t using (order_uid, version)
           where c.is_kept is null or t.version is null
           union
          select order_uid
            from (select order_uid, delivery from orders where delivery is not null) o
            full join (select distinct on (order_uid) order_uid, delivery
                         from order_corrections
                        order by order_uid, version desc) last using (order_uid)
           where o.delivery is distinct from last.delivery`,
  },
  {
    name: 'order-erasure',
    sentence: 'the recipient of an order is erased where its history says so, and nothing is left of it',
    sql: `select order_uid
            from (select order_uid, octet_length(sent_digest) as digest_bytes, document::json -> 'delivery' as recipient, delivery
                    from orders where sent_digest is not null) o
            full join (select order_uid, count(*) as times from order_transitions where command = 'erase' group by order_uid) t
                using (order_uid)
            left join (select order_uid, count(delivery) as corrections from order_corrections group by order_uid) c
                using (order_uid)
           where o.digest_bytes is distinct from 32 or t.times is distinct from 1
              or o.delivery is not null or c.corrections > 0
              or (o.recipient::jsonb - 'country') is distinct from '${JSON.stringify(anonymous({}))}'::jsonb`,
  },
]
