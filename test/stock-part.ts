import type { PlacementPart } from '../src/orders/placement-part.ts'
import { copyOf } from '../src/platform/copy.ts'
import type { Pool } from '../src/platform/postgres.ts'

/**
 * An example of a part that decides: each item takes a unit of stock. An order that cannot be served is put on hold if it is
 * paid, and rejected otherwise. What was taken is written down by order.
 */
export const stockPart: PlacementPart = {
  rejectsWith: ['EXPECTATION_FAILED'],
  rows: placed => [
    copyOf(
      'test_reservations',
      'order_uid, units',
      placed.filter(({ hold }) => hold === undefined),
      ({ order }, writer) => {
        writer.row(2)
        writer.text(order.orderUid)
        writer.integer(order.lines.length)
      },
    ),
  ],
  async decide(client, orders) {
    const { rows } = await client.query<{ is_served: boolean }>(take, [
      orders.map(({ order }) => order.lines[0]?.chrtId),
      orders.map(({ order }) => order.lines.length),
    ])
    return rows.map(({ is_served: isServed }, index) => {
      if (isServed) return { kind: 'accepted' }
      if (orders[index]?.order.isPaid) return { kind: 'held', reason: 'shortfall', actor: 'stock' }
      return { kind: 'rejected', code: 'EXPECTATION_FAILED', detail: 'there is not enough of it' }
    })
  },
}

/** Each SKU of the group is locked once, in the order of the SKUs, and goes to the orders in theirs as far as it reaches. */
const take = `
  with wanted as (
    select * from unnest($1::bigint[], $2::int[]) with ordinality as wanted (chrt_id, units, number)
  ), locked as (
    select chrt_id, on_hand - reserved as free
      from test_stock
     where chrt_id in (select chrt_id from wanted)
     order by chrt_id
       for update
  ), decided as (
    select number, chrt_id, units, sum(units) over (partition by chrt_id order by number) <= free as is_served
      from wanted join locked using (chrt_id)
  ), taken as (
    update test_stock s
       set reserved = s.reserved + d.units
      from (select chrt_id, sum(units) as units from decided where is_served group by chrt_id) d
     where s.chrt_id = d.chrt_id
  )
  select coalesce(is_served, true) as is_served
    from wanted left join decided using (number)
   order by number`

/** Makes the tables of the part. The SKU that is in stock has the number that is given. */
export async function stockUp(pool: Pool, chrtId: number, units: number): Promise<void> {
  await pool.query(`
    create table if not exists test_stock (
      chrt_id  bigint primary key,
      on_hand  integer not null,
      reserved integer not null default 0,
      check (reserved <= on_hand)
    );
    create table if not exists test_reservations (order_uid text primary key, units integer not null)`)
  await pool.query('insert into test_stock (chrt_id, on_hand) values ($1, $2)', [chrtId, units])
}

/** What was taken of a SKU, by the stock and by the reservations of stored orders. */
export async function readStock(pool: Pool, chrtId: number): Promise<{ reserved: number; reservations: number }> {
  const { rows } = await pool.query<{ reserved: number; reservations: number }>(
    `select s.reserved, (select coalesce(sum(r.units), 0)::int
                           from test_reservations r
                          where r.order_uid in (select order_uid from order_items where chrt_id = $1)) as reservations
       from test_stock s
      where s.chrt_id = $1`,
    [chrtId],
  )
  return rows[0] ?? { reserved: 0, reservations: 0 }
}
