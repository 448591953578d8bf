import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { makeOrders } from '../../test/orders.ts'
import type { Module } from '../module.ts'
import { modules } from '../modules.ts'
import type { OrderDocument } from '../orders/document.ts'
import { initialState } from '../orders/order.ts'
import { readOrder } from '../orders/validate.ts'
import { arrivalTransfersOf, transfersOfGroup } from './arrivals.ts'

setDefaultTimeout(60_000)

/** Puts orders with a certain uid on hold, and rejects others. */
const deciding: Module = {
  name: 'deciding',
  title: 'Deciding',
  placement: [
    {
      decide: async (_, orders) =>
        orders.map(({ order: { orderUid } }) => {
          if (orderUid.endsWith('held')) return { kind: 'held', reason: 'shortfall', actor: 'stock' }
          if (orderUid.endsWith('rejected')) return { kind: 'rejected', code: 'EXPECTATION_FAILED', detail: 'no' }
          return { kind: 'accepted' }
        }),
    },
  ],
}

let t: TestApp
beforeAll(async () => {
  t = await createTestApp({ modules: [...modules, deciding] })
})
afterAll(() => t.close())

const [example] = makeOrders(1, 'arrived')

function orderOf(uid: string, payment: Partial<OrderDocument['payment']>, more: object = {}): OrderDocument {
  const [item] = example?.items ?? []
  if (example === undefined || item === undefined) throw new Error('an order has an item')
  const amount = payment.amount ?? 100
  const items = [{ ...item, price: amount, sale: 0, total_price: amount }]
  const sums = { goods_total: amount, amount, delivery_cost: 0, custom_fee: 0 }
  return {
    ...example,
    order_uid: uid,
    items,
    ...more,
    payment: { ...example.payment, currency: 'USD', ...payment, ...sums },
  }
}

async function place(orders: readonly object[]): Promise<string[]> {
  const body = `${orders.map(order => JSON.stringify(order)).join('\n')}\n`
  const response = await t.call('POST', '/api/orders/batch', { body })
  return (await response.text()).trim().split('\n').slice(0, -1)
}

async function books(): Promise<string[]> {
  const { rows } = await t.pool.query<{ line: string }>(
    `select concat_ws(' ', kind, debit, credit, currency, sum(amount), sum(orders)) as line
       from ledger_transfers group by kind, debit, credit, currency order by 1`,
  )
  return rows.map(({ line }) => line)
}

const most = Number.MAX_SAFE_INTEGER

test('orders that arrive paid are booked with their group: each once, by provider and currency, exactly', async () => {
  const orders = [
    orderOf('a-1', { amount: most }),
    orderOf('a-2', { amount: most }, { note: 'is read field by field' }),
    orderOf('a-3', { amount: most - 1, provider: 'a:b "c"' }),
    orderOf('a-4', { currency: 'EUR' }),
    orderOf('a-5-unpaid', { payment_dt: 0 }),
    orderOf('a-6-free', { amount: 0 }),
    orderOf('a-7-held', { currency: 'GBP' }),
    orderOf('a-8-rejected', { currency: 'CHF' }),
  ]
  await place(orders)
  const expected = [
    'capture clearing:a:b "c" receivable USD 9007199254740990 1',
    'capture clearing:wbpay receivable EUR 100 1',
    'capture clearing:wbpay receivable GBP 100 1',
    'capture clearing:wbpay receivable USD 18014398509481982 2',
    'sale receivable revenue EUR 100 1',
    'sale receivable revenue GBP 100 1',
    'sale receivable revenue USD 27021597764222972 3',
  ]
  expect(await books()).toEqual(expected)
  // Neither a duplicate nor a conflict is booked.
  await place([...orders, orderOf('a-1', { amount: 5 })])
  expect(await books()).toEqual(expected)
  const { rowCount } = await t.pool.query(
    `select from ledger_transfers where recorded_at not in (select recorded_at from events where sequence = 1)`,
  )
  expect(rowCount).toBe(0)
})

test('a group has two transfers for a provider and currency, however many orders, under ids that are its own', () => {
  const placedAt = new Date()
  const placed = Array.from({ length: 1_000 }, (_, index) => {
    const reading = readOrder(Buffer.from(JSON.stringify(orderOf(`g-${index}`, { amount: 7 }))))
    if (reading.kind === 'refused') throw new Error('the order is good')
    return { order: reading.order, state: initialState(true), placedAt, arrival: index }
  })
  const common = { currency: 'USD', amount: 7_000n, orders: 1_000, recordedAt: placedAt }
  const nobody = { orderUid: undefined, paymentId: undefined, operationId: undefined }
  expect(transfersOfGroup(placed)).toEqual([
    { ...common, ...nobody, transferId: 'g-0:sales', kind: 'sale', provider: undefined },
    { ...common, ...nobody, transferId: 'g-0:arrivals', kind: 'capture', provider: 'wbpay' },
  ])
})

test('an order that arrived paid has lines of its own on demand, one of amount 0 has none', () => {
  const order = { orderUid: 'o', currency: 'JPY', amount: 5, provider: 'p', placedAt: new Date() }
  expect(arrivalTransfersOf(order)).toMatchObject([
    {
      transferId: 'o:sale',
      kind: 'sale',
      orderUid: 'o',
      amount: 5,
      currency: 'JPY',
      recordedAt: order.placedAt,
      orders: undefined,
    },
    { transferId: 'o:arrival', kind: 'capture', provider: 'p', orderUid: 'o', amount: 5, orders: undefined },
  ])
  expect(arrivalTransfersOf({ ...order, amount: 0 })).toEqual([])
})
