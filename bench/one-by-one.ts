import { Client, type ClientConfig } from 'pg'
import type { OrderDocument } from '../src/orders/document.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'

/**
 * What an order service usually does, and what ours is measured by: each order is a transaction, on one of eight
 * connections, by prepared statements. It checks nothing and publishes nothing, which is in its favour.
 */
export type OneByOne = {
  /** Stores one order; resolves when it is durable. */
  place(document: OrderDocument): Promise<void>
  close(): Promise<void>
}

/** Eight connections keep two cores busy, and are a common size for a pool. */
export const connectionsOneByOne = 8

/** Opens the connections. */
export async function openOneByOne(address: PostgresAddress): Promise<OneByOne> {
  const clients = await Promise.all(
    Array.from({ length: connectionsOneByOne }, async () => {
      const client = new Client(address as ClientConfig)
      await client.connect()
      return client
    }),
  )
  const idle = [...clients]
  const waiting: ((client: Client) => void)[] = []
  return {
    async place(document) {
      const client = idle.pop() ?? (await new Promise<Client>(resolve => waiting.push(resolve)))
      try {
        await placeOne(client, document)
      } finally {
        const next = waiting.shift()
        if (next === undefined) idle.push(client)
        else next(client)
      }
    },
    async close() {
      await Promise.all(clients.map(client => client.end()))
    },
  }
}

const state = '{"status":"confirmed","payment_status":"paid","delivery_status":"unfulfilled"}'

async function placeOne(client: Client, document: OrderDocument): Promise<void> {
  const { order_uid: uid, payment, items } = document
  const now = new Date()
  await client.query('begin')
  await client.query({
    name: 'order',
    text: `insert into orders (order_uid, document, customer_id, track_number, currency, amount, created_at, status,
                               payment_status, delivery_status, version, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, 'confirmed', 'paid', 'unfulfilled', 1, $8)`,
    values: [
      uid,
      JSON.stringify(document),
      document.customer_id,
      document.track_number,
      payment.currency,
      payment.amount,
      document.date_created,
      now,
    ],
  })
  await client.query({
    name: 'items',
    text: `insert into order_items (order_uid, line, chrt_id, nm_id, price, sale, total_price)
           select $1, line - 1, chrt_id, nm_id, price, sale, total_price
             from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::bigint[])
                  with ordinality as item (chrt_id, nm_id, price, sale, total_price, line)`,
    values: [
      uid,
      items.map(item => item.chrt_id),
      items.map(item => item.nm_id),
      items.map(item => item.price),
      items.map(item => item.sale),
      items.map(item => item.total_price),
    ],
  })
  await client.query({
    name: 'event',
    text: `insert into events (order_uid, sequence, type, recorded_at, data) values ($1, 1, 'order.placed', $2, $3)`,
    values: [uid, now, state],
  })
  await client.query('commit')
}
