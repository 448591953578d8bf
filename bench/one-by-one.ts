import { Client, type ClientConfig } from 'pg'
import { notifyOfEvents } from '../src/events/append.ts'
import { initialState, stateJson } from '../src/orders/order.ts'
import { bucketOf } from '../src/orders/tally-buckets.ts'
import type { ValidOrder } from '../src/orders/new-order.ts'
import { readOrder } from '../src/orders/validate.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'

/**
 * The usual way of an order service, which is the baseline: each order is checked, and is a transaction on one of
 * eight connections, by prepared statements. It writes what the service's transaction writes: the order, its lines, its event
 * and its part of the overview's sums, and it tells the readers of the log. It looks for no repetitions and publishes nothing,
 * which is in its favour.
 */
export type OneByOne = {
  /** Checks and stores one order; resolves when it is durable. */
  place(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Eight connections keep two cores busy, and are a common size for a pool. */
export const connectionsOneByOne = 8

/**
 * Opens the connections.
 *
 * @param isBare writes the order, its lines and its event, and no more: what a service without an overview and without live
 *   events would do
 */
export async function openOneByOne(address: PostgresAddress, isBare = false): Promise<OneByOne> {
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
    async place(bytes) {
      const reading = readOrder(bytes)
      if (reading.kind === 'refused') throw new Error(`an order is not valid: ${JSON.stringify(reading.violations)}`)
      const client = idle.pop() ?? (await new Promise<Client>(resolve => waiting.push(resolve)))
      try {
        await placeOne(client, reading.order, isBare)
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

async function placeOne(client: Client, order: ValidOrder, isBare: boolean): Promise<void> {
  const { orderUid: uid, lines, currency, amount } = order
  const now = new Date()
  const state = initialState(order.isPaid)
  const { status, paymentStatus, deliveryStatus } = state
  await client.query('begin')
  await client.query({
    name: 'order',
    text: `insert into orders (order_uid, document, customer_id, track_number, currency, amount, created_at, status,
                               payment_status, delivery_status, version, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)`,
    values: [
      uid,
      order.json,
      order.customerId,
      order.trackNumber,
      currency,
      amount,
      new Date(order.createdAtMs),
      status,
      paymentStatus,
      deliveryStatus,
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
      lines.map(line => line.chrtId),
      lines.map(line => line.nmId),
      lines.map(line => line.price),
      lines.map(line => line.sale),
      lines.map(line => line.totalPrice),
    ],
  })
  await client.query({
    name: 'event',
    text: `insert into events (stream_id, sequence, type, recorded_at, data) values ($1, 1, 'order.placed', $2, $3)`,
    values: [uid, now, stateJson(state)],
  })
  if (!isBare) {
    await client.query({
      name: 'tally',
      text: 'insert into order_tallies (bucket, currency, orders, amount) values ($1, $2, 1, $3)',
      values: [new Date(bucketOf(now.getTime())), currency, amount],
    })
    await client.query(notifyOfEvents)
  }
  await client.query('commit')
}
