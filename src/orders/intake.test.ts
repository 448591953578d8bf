import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { eventually } from '../../test/kafka.ts'
import { createLogger } from '../platform/log.ts'
import { createPool, type Pool } from '../platform/postgres.ts'
import type { OrderDocument } from './document.ts'
import { exampleOrder } from './example.ts'
import { createIntake, type Intake, type IntakeOptions } from './intake.ts'
import { orderParts } from './placement-parts.ts'
import { createIntakeStore } from './store.ts'
import type { NewOrder, ValidOrder } from './new-order.ts'
import { readOrder } from './validate.ts'

const log = createLogger({ level: 'silent' })
let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let pool: Pool

beforeAll(async () => {
  database = await createOrdersDatabase()
  pool = database.pool
})

afterAll(async () => {
  await database.drop()
})

let made = 0

/** A valid order; each call makes another one. */
function newOrder(change: (document: OrderDocument) => void = () => undefined): ValidOrder {
  made += 1
  const document = exampleOrder(`order-${made}`, Date.now(), Math.random)
  change(document)
  const reading = readOrder(Buffer.from(JSON.stringify(document)))
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.violations))
  return reading.order
}

/** The same order with another document. */
function changed(order: ValidOrder, change: (document: OrderDocument) => unknown): ValidOrder {
  return { ...order, json: JSON.stringify(change(JSON.parse(order.json))) }
}

function intakeOn(store = createIntakeStore(pool, orderParts), options: Partial<IntakeOptions> = {}) {
  return createIntake({ store, log, now: Date.now, onPlaced: () => undefined, ...options })
}

async function rowsOf(orderUid: string): Promise<{ orders: number; items: number; events: number }> {
  const { rows } = await pool.query(
    `select (select count(*)::int from orders where order_uid = $1) as orders,
            (select count(*)::int from order_items where order_uid = $1) as items,
            (select count(*)::int from events where stream_id = $1 and type = 'order.placed' and sequence = 1) as events`,
    [orderUid],
  )
  return rows[0]
}

test('an acknowledged order is stored with its row, its items and its event', async () => {
  const order = newOrder()
  expect(await intakeOn().submit(order)).toMatchObject({
    kind: 'placed',
    order: { orderUid: order.orderUid, version: 1, document: order.json },
  })
  expect(await rowsOf(order.orderUid)).toEqual({ orders: 1, items: order.lines.length, events: 1 })
})

test('a repetition within a group is a duplicate or a conflict, compared as JSON', async () => {
  const order = newOrder()
  const same = changed(order, ({ order_uid, ...rest }) => ({ ...rest, order_uid }))
  const other = changed(order, document => ({ ...document, locale: 'fr' }))
  const outcomes = await intakeOn().submitAll([order, same, other, order])
  expect(outcomes.map(outcome => outcome.kind)).toEqual(['placed', 'duplicate', 'conflict', 'duplicate'])
  expect(same.json).not.toBe(order.json)
  expect(await rowsOf(order.orderUid)).toMatchObject({ orders: 1, events: 1 })
})

test('a thousand concurrent submissions of one order place it once', async () => {
  const order = newOrder()
  const intake = intakeOn(undefined, { groupOrdersMax: 50 })
  const outcomes = await Promise.all(Array.from({ length: 1000 }, () => intake.submit(order)))
  expect(outcomes.filter(outcome => outcome.kind === 'placed')).toHaveLength(1)
  expect(outcomes.filter(outcome => outcome.kind === 'duplicate')).toHaveLength(999)
})

test('orders with something attached wait for the group that is under way with such orders; others begin one beside it, and so do many', async () => {
  const open = Promise.withResolvers<void>()
  const begun = () => {
    const sizes: number[] = []
    const store = createIntakeStore(pool, orderParts)
    const place = async (orders: readonly NewOrder[]) => {
      sizes.push(orders.length)
      await open.promise
      return store.place(orders)
    }
    return { sizes, intake: intakeOn({ ...store, place }) }
  }
  const attached = (count: number) => Array.from({ length: count }, () => ({ ...newOrder(), attached: { cart: true } }))
  const submitted: Promise<unknown>[] = []
  const submit = async ({ intake }: { intake: Intake }, orders: readonly ValidOrder[]) => {
    submitted.push(...orders.map(order => intake.submit(order)))
    // A group is begun at the end of this turn of the event loop, or not at all.
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  }
  const [few, many, other] = [begun(), begun(), begun()]
  for (const count of [3, 2, 2]) await submit(few, attached(count))
  for (const count of [1, 200]) await submit(many, attached(count))
  for (const orders of [attached(1), [newOrder()]]) await submit(other, orders)
  const all = () => [few, many, other].map(({ sizes }) => sizes.toSorted((a, b) => a - b))
  await eventually('groups are begun', () => JSON.stringify(all()) === '[[3],[1,200],[1,1]]')
  open.resolve()
  await Promise.all(submitted)
  expect(all()).toEqual([
    [3, 4],
    [1, 200],
    [1, 1],
  ])
})

test('two instances with the same orders in opposite order place each once', async () => {
  const orders = Array.from({ length: 500 }, () => newOrder())
  const one = intakeOn(undefined, { groupOrdersMax: 100 })
  const other = intakeOn(undefined, { groupOrdersMax: 130 })
  const both = await Promise.all([one.submitAll(orders), other.submitAll(orders.toReversed())])
  const kinds = both.flat().map(outcome => outcome.kind)
  expect(kinds.filter(kind => kind === 'placed')).toHaveLength(500)
  expect(kinds.filter(kind => kind === 'duplicate')).toHaveLength(500)
})

test('an order that the database refuses is refused alone', async () => {
  await pool.query(`alter table orders add constraint refused_in_test check (customer_id <> 'refused')`)
  const orders = Array.from({ length: 40 }, (_, index) =>
    newOrder(document => {
      if (index % 13 === 5) document.customer_id = 'refused'
    }),
  )
  const outcomes = await intakeOn().submitAll(orders)
  outcomes.forEach((outcome, index) => {
    expect(outcome.kind).toBe(index % 13 === 5 ? 'refused' : 'placed')
  })
})

test('an order whose uid another table already has is rejected alone, and is not retried forever', async () => {
  const orders = Array.from({ length: 10 }, () => newOrder())
  await pool.query(
    `insert into order_items (order_uid, line, chrt_id, nm_id, price, sale, total_price) values ($1, 0, 1, 1, 1, 0, 1)`,
    [orders[3]?.orderUid],
  )
  const outcomes = await intakeOn().submitAll(orders)
  expect(outcomes.map(outcome => outcome.kind)).toEqual(orders.map((_, index) => (index === 3 ? 'refused' : 'placed')))
})

test('a customer id may have ten thousand characters', async () => {
  const order = newOrder(document => {
    document.customer_id = 'x'.repeat(10_000)
  })
  expect((await intakeOn().submit(order)).kind).toBe('placed')
})

test('a full queue refuses interactive orders, and lets background orders wait', async () => {
  const holder = await pool.connect()
  await holder.query('begin; lock table orders in access exclusive mode')
  const intake = intakeOn(undefined, { waitingOrdersMax: 5, groupOrdersMax: 1 })
  const accepted = Array.from({ length: 5 }, () => intake.submit(newOrder()))
  expect(intake.submit(newOrder())).rejects.toMatchObject({ code: 'OVERLOADED' })
  const streamed = intake.submitAll(Array.from({ length: 20 }, () => newOrder()))
  expect(intake.waiting()).toBeLessThanOrEqual(10)
  await holder.query('rollback')
  holder.release()
  expect((await Promise.all(accepted)).every(outcome => outcome.kind === 'placed')).toBe(true)
  expect((await streamed).every(outcome => outcome.kind === 'placed')).toBe(true)
  expect((await intake.submit(newOrder())).kind).toBe('placed')
})

test('interactive orders go before background orders', async () => {
  const placed: string[] = []
  const intake = intakeOn(undefined, {
    groupOrdersMax: 10,
    writersMax: 1,
    onPlaced: orders => placed.push(...orders.map(({ orderUid }) => orderUid)),
  })
  const stream = intake.submitAll(Array.from({ length: 100 }, () => newOrder()))
  const called = newOrder()
  await intake.submit(called)
  expect(placed.length).toBeLessThanOrEqual(20)
  expect(placed).toContain(called.orderUid)
  await stream
})

test('a database that cannot be reached is an outage, and nothing is acknowledged', async () => {
  const nowhere = createPool({ ...database.address, host: '/nonexistent' }, { connectionsMax: 2, name: 'nowhere', log })
  const intake = intakeOn(createIntakeStore(nowhere, orderParts), { submitTimeoutMs: 100 })
  const order = newOrder()
  expect(await intake.submit(order).catch(error => error)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await rowsOf(order.orderUid)).toEqual({ orders: 0, items: 0, events: 0 })
  await nowhere.end()
})

test('an interactive order that timed out is not stored when the database is back', async () => {
  const store = createIntakeStore(pool, orderParts)
  let isAway = true
  const intake = intakeOn(
    { ...store, place: orders => (isAway ? Promise.reject(new Error('Connection terminated')) : store.place(orders)) },
    { submitTimeoutMs: 300, writersMax: 1 },
  )
  const streamed = intake.submitAll([newOrder()])
  const order = newOrder()
  await eventually('the stream has taken the only writer', () => intake.waiting() === 1)
  expect(await intake.submit(order).catch(error => error)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  isAway = false
  expect(await streamed).toMatchObject([{ kind: 'placed' }])
  await intake.close(5_000)
  expect(await rowsOf(order.orderUid)).toEqual({ orders: 0, items: 0, events: 0 })
})

test('connections that break one after another do not fail an interactive order; a server that is away does', async () => {
  const store = createIntakeStore(pool, orderParts)
  const broken = (message: string, code?: string) => Object.assign(new Error(message), { code })
  for (const [error, outcome] of [
    [broken('Connection terminated unexpectedly'), { kind: 'placed' }],
    [broken('read ECONNRESET', 'ECONNRESET'), { kind: 'placed' }],
    [broken('connect ECONNREFUSED', 'ECONNREFUSED'), { code: 'STORE_UNAVAILABLE' }],
  ] as const) {
    let failures = 0
    const place: typeof store.place = orders => {
      failures += 1
      return failures <= 8 ? Promise.reject(error) : store.place(orders)
    }
    const submitted = intakeOn({ ...store, place }).submit(newOrder())
    expect(await submitted.catch(refusal => refusal)).toMatchObject(outcome)
  }
})

test('a connection that is cut while an order is written costs a repetition, not the order', async () => {
  const orders = Array.from({ length: 300 }, () => newOrder())
  const intake = intakeOn(undefined, { groupOrdersMax: 10 })
  const writing = intake.submitAll(orders)
  const terminate = () =>
    pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ilike 'copy%'`,
    )
  for (let cuts = 0; cuts < 5; cuts += 1) await terminate()
  const outcomes = await writing
  // A commit whose answer was cut off is found done by the repetition: then the order is its own duplicate.
  expect(outcomes.every(outcome => outcome.kind === 'placed' || outcome.kind === 'duplicate')).toBe(true)
  const { rows } = await pool.query(`select count(*)::int as count from orders where order_uid = any($1)`, [
    orders.map(order => order.orderUid),
  ])
  expect(rows[0].count).toBe(300)
})

test('close waits for submitted orders and accepts no more', async () => {
  const intake = intakeOn()
  const submitted = Promise.all(Array.from({ length: 50 }, () => intake.submit(newOrder())))
  await intake.close(5_000)
  expect((await submitted).every(outcome => outcome.kind === 'placed')).toBe(true)
  expect(await intake.submit(newOrder()).catch(error => error)).toMatchObject({ code: 'STOPPING' })
})
