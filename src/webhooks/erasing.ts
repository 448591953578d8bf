import type { EraseStep } from '../erase-part.ts'
import { orderStreamType } from '../events/stream-definition.ts'

/** Entries of the delivery log that are looked at by one transaction. */
const entriesMax = 5_000

/** Erases what receivers have answered to events of the customer's orders: an answer may repeat what it was sent. */
export const eraseAnswers: EraseStep = {
  name: 'webhook_deliveries',
  async run(client, erasing, position) {
    const { rows } = await client.query<{ id: string; order_uid: string | null }>(
      `select id::text as id, case when stream_type = '${orderStreamType}' then stream_id else concerns_order end as order_uid
         from (select * from webhook_deliveries where id > $1::bigint order by id limit ${entriesMax}) d
        order by d.id`,
      [position === '' ? '0' : position],
    )
    const orders = await erasing.ordersOf(
      client,
      rows.flatMap(({ order_uid: uid }) => uid ?? []),
    )
    const ids = rows.flatMap(({ id, order_uid: uid }) => (uid !== null && orders.has(uid) ? [id] : []))
    const erased =
      ids.length === 0
        ? 0
        : (
            await client.query(
              "update webhook_deliveries set answer = '' where id = any($1::bigint[]) and answer <> ''",
              [ids],
            )
          ).rowCount
    return { erased: erased ?? 0, next: rows.at(-1)?.id }
  },
}
