import { expect, test } from 'bun:test'
import type { OrderDocument } from '../src/orders/document.ts'
import { createIntake, type Intake } from '../src/orders/intake.ts'
import { allPlaced } from '../src/orders/placement.ts'
import { type PlacedOrder, toStored } from '../src/orders/queries.ts'
import type { KafkaMessage } from '../src/platform/kafka/client.ts'
import type { Pool } from '../src/platform/postgres.ts'
import { testLog } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { consumerOfOrders } from './topic-consumers.ts'

function messageOf(order: OrderDocument, offset: bigint): KafkaMessage {
  const value = Buffer.from(JSON.stringify(order))
  return {
    topic: 'orders',
    partition: 0,
    offset,
    key: Buffer.from(order.order_uid),
    value,
    headers: [],
    timestampMs: 0,
  }
}

function consumerOf(intake: Intake) {
  return consumerOfOrders({ intake, pool: { query: async () => ({ rows: [] }) } as unknown as Pool })
}

test('a short batch that is read sooner is placed after the long one before it', async () => {
  const stored = new Map<string, PlacedOrder>()
  const intake = createIntake({
    store: {
      findStored: async () => stored,
      async place(orders) {
        for (const order of orders) stored.set(order.order.orderUid, toStored(order))
        return allPlaced(orders)
      },
    },
    log: testLog,
    now: Date.now,
    onPlaced: () => undefined,
  })
  const consume = consumerOf(intake)
  const orders = makeOrders(1_000, 'long')
  const last = orders.at(-1)
  if (last === undefined) throw new Error('there are a thousand')
  await Promise.all([
    consume(orders.map((order, offset) => messageOf(order, BigInt(offset)))),
    consume([messageOf({ ...last, locale: 'de' }, 1_000n)]),
  ])
  expect(stored.size).toBe(1_000)
  expect(JSON.parse(stored.get(last.order_uid)?.document ?? '').locale).toBe('en')
})

test('of two orders with one uid the earlier is placed, even if the database was down', async () => {
  const stored = new Map<string, PlacedOrder>()
  let isAway = true
  const intake = createIntake({
    store: {
      async findStored() {
        if (!isAway) return stored
        isAway = false
        throw new Error('the database is away')
      },
      async place(orders) {
        for (const order of orders) stored.set(order.order.orderUid, toStored(order))
        return allPlaced(orders)
      },
    },
    log: testLog,
    now: Date.now,
    onPlaced: () => undefined,
    // A group by itself, as a batch of two thousand messages is.
    groupOrdersMax: 1,
  })
  const consume = consumerOf(intake)
  const [order] = makeOrders(1, 'twice')
  if (order === undefined) throw new Error('an order was asked for')
  await Promise.all([consume([messageOf(order, 0n)]), consume([messageOf({ ...order, locale: 'de' }, 1n)])])
  expect(JSON.parse(stored.get('twice-0')?.document ?? '').locale).toBe('en')
})

test('an order that makes its handler fail becomes a dead letter, and the orders around it are placed', async () => {
  const stored = new Map<string, PlacedOrder>()
  const deadLetters: unknown[] = []
  const pool = {
    async query(text: string, values: unknown[] = []) {
      if (text.includes('insert into dead_letters')) deadLetters.push(values)
      return { rows: [] }
    },
  } as unknown as Pool
  const orders = makeOrders(20, 'poisoned')
  const poison = orders[7]?.order_uid ?? ''
  const intake = createIntake({
    store: {
      findStored: async () => stored,
      async place(group) {
        if (group.some(({ order }) => order.orderUid === poison)) throw new TypeError('undefined is not an object')
        for (const order of group) stored.set(order.order.orderUid, toStored(order))
        return allPlaced(group)
      },
    },
    log: testLog,
    now: Date.now,
    onPlaced: () => undefined,
  })
  const consume = consumerOfOrders({ intake, pool })
  await consume(orders.map((order, offset) => messageOf(order, BigInt(offset))))
  expect(stored.size).toBe(19)
  expect(stored.has(poison)).toBe(false)
  expect(deadLetters).toHaveLength(1)
})
