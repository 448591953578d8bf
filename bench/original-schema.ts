import { createReadStream, createWriteStream, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { OrderDocument } from '../src/orders/document.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { settle, withClient } from './environment.ts'
import { exampleOrders } from './orders-topic.ts'

/**
 * A yardstick that does not change with this service: the rows that a service of this kind usually writes for an order, one in `orders`,
 * `deliveries` and `payments`, and one in `items` for each line, each a column for each field, with foreign keys.
 */
const schema = `
  create table orders (
    order_uid text primary key, track_number text not null, entry text not null, locale text not null,
    internal_signature text not null, customer_id text not null, delivery_service text not null, shardkey text not null,
    sm_id integer not null, date_created timestamptz not null, oof_shard text not null
  );
  create table deliveries (
    order_uid text primary key references orders, name text not null, phone text not null, zip text not null, city text not null,
    address text not null, region text not null, email text not null
  );
  create table payments (
    order_uid text primary key references orders, transaction text not null, request_id text not null, currency text not null,
    provider text not null, amount bigint not null, payment_dt bigint not null, bank text not null, delivery_cost bigint not null,
    goods_total bigint not null, custom_fee bigint not null
  );
  create table items (
    id bigint generated always as identity primary key, order_uid text not null references orders, chrt_id bigint not null,
    track_number text not null, price bigint not null, rid text not null, name text not null, sale integer not null, size text not null,
    total_price bigint not null, nm_id bigint not null, brand text not null, status integer not null
  );`

type Row = readonly (string | number)[]

const tables: readonly Readonly<{ name: string; columns: string; rowsOf: (order: OrderDocument) => readonly Row[] }>[] =
  [
    {
      name: 'orders',
      columns:
        'order_uid, track_number, entry, locale, internal_signature, customer_id, delivery_service, shardkey, sm_id, date_created, oof_shard',
      rowsOf: o => [
        [
          o.order_uid,
          o.track_number,
          o.entry,
          o.locale,
          o.internal_signature,
          o.customer_id,
          o.delivery_service,
          o.shardkey,
          String(o.sm_id),
          o.date_created,
          o.oof_shard,
        ],
      ],
    },
    {
      name: 'deliveries',
      columns: 'order_uid, name, phone, zip, city, address, region, email',
      rowsOf: ({ order_uid, delivery: d }) => [
        [order_uid, d.name, d.phone, d.zip, d.city, d.address, d.region, d.email],
      ],
    },
    {
      name: 'payments',
      columns:
        'order_uid, transaction, request_id, currency, provider, amount, payment_dt, bank, delivery_cost, goods_total, custom_fee',
      rowsOf: ({ order_uid, payment: p }) => [
        [
          order_uid,
          p.transaction,
          p.request_id,
          p.currency,
          p.provider,
          p.amount,
          p.payment_dt,
          p.bank,
          p.delivery_cost,
          p.goods_total,
          p.custom_fee,
        ],
      ],
    },
    {
      name: 'items',
      columns: 'order_uid, chrt_id, track_number, price, rid, name, sale, size, total_price, nm_id, brand, status',
      rowsOf: ({ order_uid, items }) =>
        items.map(i => [
          order_uid,
          i.chrt_id,
          i.track_number,
          i.price,
          i.rid,
          i.name,
          i.sale,
          i.size,
          i.total_price,
          i.nm_id,
          i.brand,
          i.status,
        ]),
    },
  ]

/** Large, so that reading the files costs next to nothing. */
const chunkSizeBytes = 256 * 1024

/**
 * Measures how fast one connection copies the rows of orders into those tables, durably, foreign keys on.
 *
 * @param address an empty database
 * @param folder where the files may be for that time
 * @returns orders a second
 */
export async function measureOriginalSchema(address: PostgresAddress, folder: string, orders: number): Promise<number> {
  const files = tables.map(({ name }) => join(folder, `original-${name}.copy`))
  const documents = [...exampleOrders(orders)]
  for (const [index, { rowsOf }] of tables.entries()) {
    const lines = function* () {
      for (const document of documents) for (const row of rowsOf(document)) yield `${row.map(escapeField).join('\t')}\n`
    }
    await pipeline(Readable.from(lines()), createWriteStream(files[index] ?? ''))
  }
  return withClient(address, async client => {
    await client.query(schema)
    await settle(address)
    const startedMs = performance.now()
    for (const [index, { name, columns }] of tables.entries()) {
      const rows = createReadStream(files[index] ?? '', { highWaterMark: chunkSizeBytes })
      await pipeline(rows, client.query(copyFrom(`copy ${name} (${columns}) from stdin`)))
    }
    const seconds = (performance.now() - startedMs) / 1000
    for (const file of files) rmSync(file)
    return orders / seconds
  })
}

/** A field of COPY's text format. */
function escapeField(value: string | number): string {
  return String(value).replace(/[\\\t\n\r]/g, character => escapes[character] ?? '')
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
