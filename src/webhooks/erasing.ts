import type { EraseStep } from '../erase-part.ts'
import { orderStreamType } from '../events/stream-definition.ts'

/** Entries of the delivery log that are looked at by one transaction. */
const entriesMax = 5_000

/** order_uid: the order that the event concerns; null for none. */
type Row = { id: string; stream_type: string; stream_id: string; order_uid: string | null }

const nameOf = ({ stream_type: type, stream_id: id }: Row) => ({ type, id })

/** Erases what receivers have answered to events of the orders and carts: an answer may repeat what it was sent, or name whom it was for. */
export const eraseAnswers: EraseStep = {
  name: 'webhook_deliveries',
  async run(client, erasing, position) {
    const { rows } = await client.query<Row>(
      `select id::text as id, stream_type, stream_id, case when stream_type = '${orderStreamType}' then stream_id else concerns_order end as order_uid
         from (select * from webhook_deliveries where id > $1::bigint order by id limit ${entriesMax}) d
        order by d.id`,
      [position === '' ? '0' : position],
    )
    const orders = await erasing.ordersOf(
      client,
      rows.flatMap(({ order_uid: uid }) => uid ?? []),
    )
    const streams = rows.flatMap(row => (row.order_uid === null ? nameOf(row) : []))
    const others = new Set((await erasing.streamsOf(client, streams)).map(({ type, id }) => `${type} ${id}`))
    const ids = rows.flatMap(row => {
      const { type, id } = nameOf(row)
      const isMeant = row.order_uid === null ? others.has(`${type} ${id}`) : orders.has(row.order_uid)
      return isMeant ? [row.id] : []
    })
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
