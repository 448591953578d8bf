import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from './app.ts'
import { brokenRules } from './invariants.ts'
import { eventually } from './kafka.ts'
import { requestsTo } from './payments.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { moveStock, orderOf, stockOf } from './stock.ts'

/** Two services on one database that are asked for the same stock at once. */

setDefaultTimeout(120_000)

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let services: ServiceProcess[]

beforeAll(async () => {
  database = await createOrdersDatabase()
  const env = databaseEnv(database.address)
  services = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
})

afterEach(async () => {
  expect(await brokenRules(database.pool)).toEqual([])
})

afterAll(async () => {
  await endServices()
  await database.drop()
})

/** Sends an order to one of the services. @returns the status; 0: the connection was cut */
async function send(service: ServiceProcess | undefined, order: object): Promise<number> {
  const body = JSON.stringify(order)
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${service?.url}/api/orders`, { method: 'POST', headers, body }).catch(() => undefined)
  await answer?.arrayBuffer().catch(() => undefined)
  return answer?.status ?? 0
}

const byTurns = (orders: readonly object[]) =>
  Promise.all(orders.map((order, turn) => send(services[turn % services.length], order)))

const count = (statuses: readonly number[], wanted: number) => statuses.filter(status => status === wanted).length

test('300 buyers of 100 units on two instances: exactly 100 are sold', async () => {
  await moveStock(database.pool, { chrtId: 1, quantity: 100 })
  const statuses = await byTurns(Array.from({ length: 300 }, () => orderOf({ 1: 1 })))
  expect([count(statuses, 201), count(statuses, 409)]).toEqual([100, 200])
  expect(await stockOf(database.pool, 1)).toEqual({ main: '100/100' })
})

test('a movement that is sent a hundred times, to two instances at once, is recorded once', async () => {
  await moveStock(database.pool, { chrtId: 6, quantity: 1 })
  const body = {
    location: 'main',
    kind: 'received',
    quantity: 10,
    reason: 'delivered',
    actor: 'test',
    external_id: 'w-1',
  }
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, turn) => {
      const { call } = requestsTo(services[turn % 2]?.url ?? '')
      const response = await call('POST', '/api/stock/6/movements', { body })
      return { status: response.status, movement: ((await response.json()) as { id: number }).id }
    }),
  )
  expect(
    count(
      answers.map(({ status }) => status),
      201,
    ),
  ).toBe(1)
  expect(
    count(
      answers.map(({ status }) => status),
      200,
    ),
  ).toBe(99)
  expect(new Set(answers.map(({ movement }) => movement)).size).toBe(1)
  expect(await stockOf(database.pool, 6)).toEqual({ main: '11/0' })
})

test('orders that want the same items in opposite order: no deadlock reaches a buyer', async () => {
  for (const chrtId of [2, 3, 4]) await moveStock(database.pool, { chrtId, quantity: 200 })
  const orders = Array.from({ length: 200 }, (_, index) => {
    const order = orderOf({ 2: 1, 3: 1, 4: 1 })
    return index % 2 === 0 ? order : { ...order, items: order.items.toReversed() }
  })
  const cancelled = orders.filter((_, index) => index % 5 === 0)
  const [statuses, cancellations] = await Promise.all([
    byTurns([...orders, ...orders.slice(0, 50)]),
    Promise.all(
      cancelled.map(async ({ order_uid }, index) => {
        const { call } = requestsTo(services[index % 2]?.url ?? '')
        const cancel = async () => (await call('POST', `/api/orders/${order_uid}/cancel`, { body: {} })).status
        return eventually('the order is there, and cancelled', async () => (await cancel()) === 200)
      }),
    ),
  ])
  expect(cancellations).toHaveLength(40)
  expect(count(statuses, 201) + count(statuses, 200)).toBe(250)
  expect(await stockOf(database.pool, 3)).toEqual({ main: '200/160' })
})

test('one of two instances is killed in the middle of a sale: what was acknowledged is sold, and nothing twice', async () => {
  await moveStock(database.pool, { chrtId: 5, quantity: 150 })
  const orders = Array.from({ length: 400 }, () => orderOf({ 5: 1 }))
  const selling = byTurns(orders)
  await eventually('some are sold', async () => !(await stockOf(database.pool, 5)).main?.endsWith('/0'))
  services[1]?.kill('SIGKILL')
  await services[1]?.exited
  const [survivor] = services
  const statuses = await selling
  // Those that got no answer ask the other one: the same order again is the same sale.
  const again = await Promise.all(
    orders.map((order, index) => (statuses[index] === 0 ? send(survivor, order) : statuses[index])),
  )
  const sold = again.filter(status => status === 201 || status === 200).length
  expect(sold + count(again.map(Number), 409)).toBe(400)
  expect(sold).toBe(150)
  expect(await stockOf(database.pool, 5)).toEqual({ main: '150/150' })
})
