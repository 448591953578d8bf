import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { testLog } from '../../test/kafka.ts'
import { makeOrders } from '../../test/orders.ts'
import { readStock, stockPart, stockUp } from '../../test/stock-part.ts'
import { arrivals } from '../ledger/arrivals.ts'
import { copyOf } from '../platform/copy.ts'
import { createPool, type Pool } from '../platform/postgres.ts'
import type { OrderDocument } from './document.ts'
import { createIntake } from './intake.ts'
import { initialState } from './order.ts'
import type { PlacementPart } from './placement-part.ts'
import { orderParts } from './placement-parts.ts'
import { createIntakeStore } from './store.ts'
import type { ValidOrder } from './new-order.ts'
import { readOrder } from './validate.ts'

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let pool: Pool

beforeAll(async () => {
  database = await createOrdersDatabase()
  pool = database.pool
})

afterAll(() => database.drop())

let series = 0

/** Orders of one unit of the SKU each. */
function ordersOf(chrtId: number, count: number, isPaid: boolean): ValidOrder[] {
  series += 1
  return makeOrders(count, `part${series}`).map(document => {
    const [item] = document.items
    if (item === undefined) throw new Error('an order has an item')
    const goods = { ...item, chrt_id: chrtId, price: 100, sale: 0, total_price: 100 }
    const payment = { ...document.payment, goods_total: 100, delivery_cost: 0, amount: 100 }
    return toValid({ ...document, items: [goods], payment: { ...payment, payment_dt: isPaid ? 1 : 0 } })
  })
}

function toValid(document: OrderDocument): ValidOrder {
  const reading = readOrder(Buffer.from(JSON.stringify(document)))
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.violations))
  return reading.order
}

function changed(order: ValidOrder, change: object): ValidOrder {
  return toValid({ ...JSON.parse(order.json), ...change })
}

/** An intake with the parts of the service and these, and how often it has written a group. */
function intakeWith(...parts: readonly PlacementPart[]) {
  const store = createIntakeStore(pool, [...orderParts, arrivals, ...parts])
  const counts = { groups: 0 }
  const place: typeof store.place = orders => {
    counts.groups += 1
    return store.place(orders)
  }
  const intake = createIntake({ store: { ...store, place }, log: testLog, now: Date.now, onPlaced: () => undefined })
  return { intake, counts }
}

const kindsOf = (outcomes: readonly { kind: string }[]) => outcomes.map(({ kind }) => kind)

/** The part, with its connection cut after it has decided the first few times. */
function cutting(part: PlacementPart, times: number): PlacementPart {
  let left = times
  return {
    ...part,
    async decide(client, orders, isCertain) {
      const decisions = (await part.decide?.(client, orders, isCertain)) ?? []
      left -= 1
      if (left >= 0) await client.query('select pg_terminate_backend(pg_backend_pid())')
      return decisions
    },
  }
}

describe('a part that decides', () => {
  test('rejects some of a group of 200: the others are placed by the same transaction, which is run once', async () => {
    await stockUp(pool, 1, 60)
    const orders = ordersOf(1, 200, false)
    const { intake, counts } = intakeWith(stockPart)
    const outcomes = await intake.submitAll(orders)
    expect(kindsOf(outcomes).filter(kind => kind === 'placed')).toHaveLength(60)
    expect(outcomes.find(({ kind }) => kind === 'rejected')).toMatchObject({ code: 'EXPECTATION_FAILED' })
    expect(counts.groups).toBe(1)
    expect(await readStock(pool, 1)).toEqual({ reserved: 60, reservations: 60 })
    const placed = orders.filter((_, index) => outcomes[index]?.kind === 'placed')
    const { rows } = await pool.query('select order_uid from orders where order_uid = any($1)', [
      orders.map(({ orderUid }) => orderUid),
    ])
    expect(rows.map(row => row.order_uid).toSorted()).toEqual(placed.map(({ orderUid }) => orderUid).toSorted())
  })

  test('decides on an order once: repetitions, in the group or later, take nothing and are not rejected', async () => {
    await stockUp(pool, 2, 1)
    const [first, second] = ordersOf(2, 2, false) as [ValidOrder, ValidOrder]
    const { intake } = intakeWith(stockPart)
    expect(kindsOf(await intake.submitAll([first, second, first, second]))).toEqual([
      'placed',
      'rejected',
      'duplicate',
      'rejected',
    ])
    // Another intake does not look first what is stored: it learns of the first order by the decision against it.
    const other = intakeWith(stockPart).intake
    await other.submitAll(ordersOf(3, 300, true).slice(0, 1))
    expect(await other.submitAll([changed(second, { locale: 'fr' }), first])).toMatchObject([
      { kind: 'rejected' },
      { kind: 'duplicate', order: { orderUid: first.orderUid, version: 1 } },
    ])
    expect(kindsOf(await other.submitAll([changed(first, { locale: 'fr' })]))).toEqual(['conflict'])
    expect(await readStock(pool, 2)).toEqual({ reserved: 1, reservations: 1 })
  })

  test('decides separately on an order with the uid of a rejected one and other content', async () => {
    await stockUp(pool, 4, 0)
    const [order] = ordersOf(4, 1, false) as [ValidOrder]
    const item = JSON.parse(order.json).items[0]
    const elsewhere = changed(order, { items: [{ ...item, chrt_id: 5 }] })
    const { intake, counts } = intakeWith(stockPart)
    expect(kindsOf(await intake.submitAll([order, elsewhere, order, elsewhere]))).toEqual([
      'rejected',
      'placed',
      'rejected',
      'duplicate',
    ])
    expect(counts.groups).toBe(2)
  })

  test('puts a paid order on hold: its state, history and events agree, and say why', async () => {
    await stockUp(pool, 6, 1)
    const orders = ordersOf(6, 2, true)
    const outcomes = await intakeWith(stockPart).intake.submitAll(orders)
    expect(outcomes).toMatchObject([
      { kind: 'placed', order: { version: 1, state: { status: 'confirmed' } } },
      { kind: 'placed', order: { version: 2, state: { status: 'on_hold', paymentStatus: 'paid' } } },
    ])
    const { rows } = await pool.query(
      `select type, sequence, data::json ->> 'status' as status, data::json ->> 'reason' as reason
         from events where stream_id = $1 order by sequence`,
      [orders[1]?.orderUid],
    )
    expect(rows).toEqual([
      { type: 'order.placed', sequence: 1, status: 'confirmed', reason: null },
      { type: 'order.on_hold', sequence: 2, status: 'on_hold', reason: 'shortfall' },
    ])
    expect(await brokenRules(pool)).toEqual([])
  })

  test('is rolled back for an order that a later part rejects', async () => {
    await stockUp(pool, 7, 10)
    const orders = ordersOf(7, 8, false)
    const odd: PlacementPart = {
      decide: async (_, group) =>
        group.map(({ order }) =>
          orders.findIndex(({ orderUid }) => orderUid === order.orderUid) % 2 === 1
            ? { kind: 'rejected', code: 'EXPECTATION_FAILED', detail: 'odd' }
            : { kind: 'accepted' },
        ),
    }
    expect(kindsOf(await intakeWith(stockPart, odd).intake.submitAll(orders))).toEqual(
      orders.map((_, index) => (index % 2 === 1 ? 'rejected' : 'placed')),
    )
    expect(await readStock(pool, 7)).toEqual({ reserved: 4, reservations: 4 })
  })

  test('never oversells with two intakes, the same orders on both, and connections that are cut', async () => {
    await stockUp(pool, 8, 100)
    const orders = ordersOf(8, 300, false)
    const [one, other] = [intakeWith(cutting(stockPart, 3)).intake, intakeWith(cutting(stockPart, 3)).intake]
    const racing = Promise.all([
      ...orders.map(order => one.submit(order)),
      ...orders.toReversed().map(order => other.submit(order)),
    ])
    const outcomes = await racing
    const isStoredBySomebody = outcomes.flatMap((outcome, index) => {
      const order = index < 300 ? orders[index] : orders[599 - index]
      return outcome.kind === 'placed' || outcome.kind === 'duplicate' ? [order?.orderUid] : []
    })
    const { rows } = await pool.query('select order_uid from orders where order_uid = any($1)', [
      orders.map(({ orderUid }) => orderUid),
    ])
    expect(rows).toHaveLength(100)
    expect(new Set(isStoredBySomebody)).toEqual(new Set(rows.map(row => row.order_uid)))
    expect(await readStock(pool, 8)).toEqual({ reserved: 100, reservations: 100 })
    expect(await brokenRules(pool)).toEqual([])
  })
})

test('a violated key of a part does not mean that the order is stored', async () => {
  await pool.query('create table test_customers (customer_id text primary key)')
  const once: PlacementPart = {
    rows: placed => [
      copyOf('test_customers', 'customer_id', placed, ({ order }, writer) => {
        writer.row(1)
        writer.text(order.customerId)
      }),
    ],
  }
  const orders = ordersOf(9, 2, true).map(order => changed(order, { customer_id: 'the same' }))
  const { intake, counts } = intakeWith(once)
  const outcomes = await intake.submitAll(orders)
  expect(kindsOf(outcomes)).toEqual(['placed', 'refused'])
  expect(outcomes[1]).toMatchObject({ error: { constraint: 'test_customers_pkey' } })
  // The group, and each of its halves.
  expect(counts.groups).toBe(3)
})

test('without a part that decides a group is one message to the database, with one it is three', async () => {
  const single = createPool(database.address, { connectionsMax: 1, name: 'single', log: testLog })
  const client = await single.connect()
  const query = client.query.bind(client)
  let messages = 0
  Object.assign(client, {
    query: (...request: Parameters<typeof query>) => {
      messages += 1
      return query(...request)
    },
  })
  client.release()
  const placing = (parts: readonly PlacementPart[]) =>
    createIntakeStore(single, [...orderParts, arrivals, ...parts]).place(
      ordersOf(10, 3, true).map((order, arrival) => ({
        order,
        state: initialState(true),
        placedAt: new Date(),
        arrival,
      })),
    )
  await placing([])
  expect(messages).toBe(1)
  const decide: PlacementPart['decide'] = async (own, group) => {
    await own.query('select 1')
    return group.map(() => ({ kind: 'accepted' }))
  }
  await placing([{ decide }])
  expect(messages).toBe(1 + 3)
  await single.end()
})
