import {
  orderStreamType,
  type StreamDefinition,
  type StreamFacts,
  type WantedFacts,
} from '../events/stream-definition.ts'
import type { Pool } from '../platform/postgres.ts'
import { orderPlaced } from './messages.ts'
import type { RecentOrders } from './recent-orders.ts'
import { concealRecipient } from './recipient.ts'

/** The stream of an order: its events, `order.placed` first, which carries the order as it was placed. */
export const orderStream: StreamDefinition = {
  type: orderStreamType,
  heads: 'select order_uid as stream_id, version, updated_at from orders',
  addressOf: orderUid => `/api/orders/${orderUid}`,
  documentIn: orderPlaced.type,
  withoutRecipient: concealRecipient,
  fetchFacts,
  findStreamsOf,
}

/** The definition with the orders that an instance remembers, whose documents need not be fetched. */
export function rememberOrders(streams: readonly StreamDefinition[], recent: RecentOrders): StreamDefinition[] {
  return streams.map(stream =>
    stream === orderStream ? { ...stream, recallFacts: orderUid => recent.find(orderUid) } : stream,
  )
}

/** The orders of events, in the order of the events, up to the bytes of a page. */
const factsOfOrders = `
  select customer_id, document
    from (select number, customer_id, document, sum(size) over (order by number) - size as bytes_before
            from (select number, customer_id, document, coalesce(octet_length(document), 0) as size
                    from unnest($1::text[], $2::boolean[]) with ordinality as wanted (order_uid, with_document, number)
                    left join lateral (
                           select customer_id, case when wanted.with_document then document end as document
                             from orders
                            where order_uid = wanted.order_uid
                            limit 1) o on true) sized) page
   where bytes_before < $3::int
   order by number`

async function fetchFacts(pool: Pool, wanted: readonly WantedFacts[], bytesMax: number): Promise<StreamFacts[]> {
  const { rows } = await pool.query<{ customer_id: string | null; document: string | null }>(factsOfOrders, [
    wanted.map(({ streamId }) => streamId),
    wanted.map(({ withDocument }) => withDocument),
    bytesMax,
  ])
  return rows.map(row => ({ customerId: row.customer_id, document: row.document }))
}

/** The index has the beginnings of customers' names, see the migration that made it. */
async function findStreamsOf(pool: Pool, customerId: string, ordersMax: number): Promise<string[] | undefined> {
  const { rows } = await pool.query<{ order_uid: string; fits: boolean }>(
    `select order_uid, customer_id = $1 as fits
       from (select order_uid, customer_id
               from orders
              where left(customer_id, 100) = left($1, 100)
              order by created_at, order_uid
              limit ${ordersMax + 1}) few`,
    [customerId],
  )
  if (rows.length > ordersMax) return undefined
  return rows.filter(({ fits }) => fits).map(({ order_uid }) => order_uid)
}
