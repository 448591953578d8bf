import type { Client } from 'pg'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { withClient } from './environment.ts'

const portion = 100_000
const yearMs = 365 * 24 * 3600 * 1000

/** Shipments that were written straight into the tables, as if they had gone out over a year. */
export type StoredShipments = Readonly<{ count: number; firstMs: number; lastMs: number }>

/**
 * Writes shipments, two an order, with a unit and a tracking number each, in a spread that a shop has: nearly all are delivered, the newest
 * are under way, a few percent were cancelled or came back. For what a list has to be good for there are also a carrier and a location of one in
 * 10,000, ones that only the oldest tenth has, planned ones of long ago, and some that are late or silent.
 */
export async function storeShipments(address: PostgresAddress, count: number): Promise<StoredShipments> {
  const lastMs = Date.now()
  const firstMs = lastMs - yearMs
  await withClient(address, async client => {
    for (let from = 1; from <= count; from += portion) {
      await storePortion(client, [from, Math.min(from + portion - 1, count), count, new Date(lastMs), yearMs / 1000])
    }
    await client.query('vacuum analyze shipments, shipment_units, shipment_tracking_numbers')
    await client.query('checkpoint')
  })
  return { count, firstMs, lastMs }
}

async function storePortion(client: Client, values: unknown[]): Promise<void> {
  await client.query(shipments, values)
  const range = values.slice(0, 2)
  await client.query(units, range)
  await client.query(numbers, range)
}

/** SQL of the ids of a shipment by its number, from 1, and of its tracking number. */
export const orderUidOf = (number: string) => `'order-' || ((${number}) / 2)`
const shipmentIdOf = (number: string) => `'shp_' || substr(translate(md5((${number})::text), '01', 'xy'), 1, 24)`
export const trackingNumberOf = (number: string) => `'N' || upper(substr(md5((${number})::text), 1, 12))`

const shipments = `
  with given as (
    select n, $4::timestamptz - n::float8 / $3::int * $5::int * interval '1 second' as at, n > $3::int * 0.9 as is_old,
           case when n % 25000 = 7 then 'planned'
                when n <= $3::int / 100 then (array['planned', 'packed', 'shipped', 'shipped'])[1 + n % 4]
                when n % 50 = 3 then 'cancelled' when n % 50 = 4 then 'returned' when n % 500 = 5 then 'shipped'
                else 'delivered' end as state
      from generate_series($1::int, $2::int) n
  )
  insert into shipments (order_uid, shipment_id, state, location, carrier, tracking, promised_by, delayed_at, silent_at, reason, actor,
                         version, created_at, packed_at, shipped_at, delivered_at, returned_at, cancelled_at, updated_at)
  select ${orderUidOf('n')}, ${shipmentIdOf('n')}, state,
         case when n % 10000 = 11 then 'depot' when is_old and n % 3 = 0 then 'closed' when n % 5 = 0 then null when n % 5 = 1 then 'north' else 'main' end,
         case when n % 10000 = 12 then 'pigeon' when is_old and n % 7 = 0 then 'post' when n % 20 = 0 then null when n % 20 < 11 then 'ups'
              when n % 20 < 17 then 'dhl' else 'dpd' end,
         case when state in ('shipped', 'delivered', 'returned') then 'in_transit' end,
         at + interval '4 days', case when at < $4::timestamptz - interval '3 days' and (n % 20 = 9 or state in ('planned', 'packed', 'shipped')) then at end,
         case when state = 'shipped' and n % 500 = 5 then at end, '', 'bench', 3, at,
         case when state <> 'planned' then at end, case when state in ('shipped', 'delivered', 'returned') then at end,
         case when state = 'delivered' then at end, case when state = 'returned' then at end, case when state = 'cancelled' then at end, at
    from given`

const units = `
  insert into shipment_units (order_uid, shipment_id, line, rid, chrt_id, is_live, returned_at)
  select ${orderUidOf('n')}, ${shipmentIdOf('n')}, n % 2, 'rid-' || n, n, true, null
    from generate_series($1::int, $2::int) n`

const numbers = `
  insert into shipment_tracking_numbers (order_uid, shipment_id, number, carrier, role, check_digit, added_at)
  select ${orderUidOf('n')}, ${shipmentIdOf('n')}, ${trackingNumberOf('n')}, 'ups', 'main', 'unknown', now()
    from generate_series($1::int, $2::int) n`
