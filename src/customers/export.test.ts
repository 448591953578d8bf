import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, openShop } from '../../test/carts.ts'
import { makeOrders } from '../../test/orders.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { modules } from '../modules.ts'
import { tablesBy } from './export.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  await openShop(t)
})

afterAll(() => t.close())

type Exported = {
  customer_id: string
  orders: { order: { order_uid: string; version: number }; [table: string]: unknown }[]
  carts: object[]
  dead_letters: object[]
}

async function exported(customerId: string): Promise<Exported> {
  const response = await t.call('GET', `/api/customers/${encodeURIComponent(customerId)}/export`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  return (await response.json()) as Exported
}

test('an export has the orders of a customer in portions, with the rows of each, and what names the customer', async () => {
  const customer_id = 'c/1 "x"'
  const orders = makeOrders(120, 'exported').map((order, index) => ({
    ...order,
    customer_id: index < 110 ? customer_id : 'other',
  }))
  const body = orders.map(order => `${JSON.stringify(order)}\n`).join('')
  await (await t.call('POST', '/api/orders/batch', { body })).text()
  await t.call('POST', '/api/orders/exported-7/delivery', { body: { city: 'Bonn', reason: 'moved', actor: 'ada' } })
  const { fill, checkOut } = cartActions(t.call)
  const { order } = await checkOut(await fill({ customer_id }))
  await fillParcel(order)
  const naming = [
    { ...orders[0], entry: 7 },
    { ...orders[0], order_uid: order.order_uid, customer_id: 'x', entry: 7 },
  ]
  await seedDeadLetters(t.pool, 'ORDER_INVALID', [...naming, { ...orders[119], entry: 7 }, { number: 'exp-10001' }])
  const found = await exported(customer_id)
  expect(found.orders.map(one => one.order.order_uid).toSorted()).toEqual(
    [...orders.slice(0, 110).map(one => one.order_uid), order.order_uid].toSorted(),
  )
  const seventh = found.orders.find(one => one.order.order_uid === 'exported-7')
  expect(seventh).toMatchObject({
    order: { version: 2, delivery: { city: 'Bonn' } },
    order_transitions: [{ command: 'correct', reason: 'moved', actor: 'ada' }],
    order_corrections: [{ version: 2, delivery: expect.stringContaining('Bonn') }],
  })
  expect(found.orders.find(one => one.order.order_uid === order.order_uid)).toMatchObject({
    payments: [{ provider: 'sandbox' }],
    ledger_transfers: expect.arrayContaining([expect.objectContaining({ debit: 'receivable' })]),
    shipments: [{ state: 'planned' }],
    shipment_tracking_numbers: [{ number: 'EXP-10001' }],
    parcels: [{ number: 'EXP10001', status: 'delivered' }],
    parcel_checkpoints: [{ number: 'EXP10001', text: 'signed by Ada' }],
  })
  expect(found.dead_letters).toMatchObject([
    { value: expect.stringContaining('exported-0') },
    { value: expect.stringContaining(order.order_uid) },
    { value: '{"number":"exp-10001"}' },
  ])
  expect(found.carts).toMatchObject([{ customer_id, state: 'checked_out' }])
  expect(JSON.stringify(found)).not.toMatch(/token_hash|method_token/)
})

/** A shipment of an order, of whose parcel the carrier says who signed for it. */
async function fillParcel({ order_uid: uid, items }: { order_uid: string; items: { rid: string }[] }): Promise<void> {
  const body = { rids: items.map(({ rid }) => rid), tracking_numbers: [{ number: 'EXP-10001' }] }
  expect((await t.call('POST', `/api/orders/${uid}/shipments`, { body })).status).toBe(201)
  const signed = { code: 'DL', status: 'delivered', occurred_local: '2026-11-28T09:30:00', text: 'signed by Ada' }
  const report = { tracking_number: 'EXP-10001', checkpoints: [signed] }
  expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body: report })).ok).toBe(true)
}

test('every table of every module says where its rows stand in an export; those of orders are found by an index', async () => {
  const said = modules.map(({ name, exports = {} }) => [name, Object.keys(exports).toSorted()])
  expect(said).toEqual(modules.map(({ name, tables = [] }) => [name, tables.map(table => table.name).toSorted()]))
  const { rows } = await t.pool.query<{ name: string; is_by_order: boolean }>(
    `select relname as name,
            bool_or(attname = 'order_uid' and exists (select from pg_index where indrelid = c.oid and indkey[0] = attnum)) as is_by_order
       from pg_class c
       join pg_attribute on attrelid = c.oid and attnum > 0 and not attisdropped
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
        and attname in ('order_uid', 'customer_id', 'concerns_order', 'customer')
      group by relname
      order by relname`,
  )
  const exports = new Map(modules.flatMap(({ exports = {} }) => Object.entries(exports)))
  const own = rows.filter(({ name }) => exports.has(name))
  // What names an order or a customer is exported, but for these, which say why.
  expect(own.flatMap(({ name }) => ('leftOut' in (exports.get(name) ?? {}) ? name : []))).toEqual([
    ...['discount_customers', 'events', 'sandbox_payments', 'settlement_report_lines', 'stock_movements'],
    'webhook_deliveries',
  ])
  const indexed = new Set(rows.flatMap(({ name, is_by_order: isOne }) => (isOne ? name : [])))
  const byOrder = tablesBy(modules, 'order').flatMap(([table, { rows: sql }]) => (sql === undefined ? table : []))
  expect(byOrder.filter(table => !indexed.has(table))).toEqual([])
})

test('an export of somebody unknown has nothing', async () => {
  expect(await exported('nobody')).toMatchObject({ customer_id: 'nobody', orders: [], carts: [] })
})
