import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from './app.ts'
import { cartActions, mug, openShop, putItems } from './carts.ts'
import { brokenRules, countInDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { requestsTo } from './payments.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

/** Carts are checked out on two services with one database, and one of them is killed. */

setDefaultTimeout(120_000)

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let env: Record<string, string>
let one: ReturnType<typeof cartActions>
let other: ReturnType<typeof cartActions>
let call: ReturnType<typeof requestsTo>['call']

beforeAll(async () => {
  database = await createOrdersDatabase()
  env = databaseEnv(database.address)
  const services = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
  const [first, second] = services.map(({ url }) => requestsTo(url))
  if (first === undefined || second === undefined) throw new Error('two services were started')
  call = first.call
  one = cartActions(call)
  other = cartActions(second.call)
  await openShop({ pool: database.pool, call })
})

afterEach(async () => expect(await brokenRules(database.pool)).toEqual([]))

afterAll(async () => {
  await endServices()
  await database.drop()
})

const countOf = (table: string, cartId: string) =>
  countInDatabase(
    database.address,
    `select count(*) from ${table} where order_uid = '${cartId.replace('cart_', 'ord_')}'`,
  )

test('checkout is pressed ten times at once on two instances: one order, one payment, and everybody gets the order in the end', async () => {
  const carts = await Promise.all([one.fill(), other.fill(), one.fill()])
  await Promise.all(
    carts.map(async cart => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, turn) => (turn % 2 === 0 ? one : other).checkOut(cart)),
      )
      const kinds = answers.map(({ status, code = '' }) => `${status} ${code}`.trim())
      expect(kinds.filter(kind => kind === '201')).toHaveLength(1)
      for (const kind of kinds) expect(['200', '201', '409 CHECKOUT_IN_PROGRESS']).toContain(kind)
      expect(await other.checkOut(cart)).toMatchObject({ status: 200, order: { payment_status: 'paid' } })
      expect([await countOf('orders', cart.id), await countOf('payments', cart.id)]).toEqual([1, 1])
    }),
  )
})

test('a cart that another instance has changed since is checked out as it is now, or not at all', async () => {
  const cart = await one.fill()
  const changed = await other.put(cart.id, mug, 5)
  expect(changed.total).not.toBe(cart.total)
  const refused = await one.checkOut(cart)
  expect(refused).toMatchObject({ status: 409, code: 'CART_CHANGED', cart: { total: changed.total } })
  const { order } = await one.checkOut(changed)
  expect(order.items.filter(({ chrt_id }) => chrt_id === mug)).toHaveLength(5)
})

test('a code that a customer may use twice is used twice, by twelve carts at once on two instances', async () => {
  const body = { kind: 'percent', percent: 50, limit_per_customer: 2, active: true }
  expect((await call('PUT', '/api/discounts/TWICE', { body })).status).toBe(201)
  const carts = await Promise.all(
    Array.from({ length: 12 }, (_, turn) =>
      (turn % 2 === 0 ? one : other).fill({ discount_codes: ['twice'], customer_id: 'ada' }),
    ),
  )
  const answers = await Promise.all(carts.map((cart, turn) => (turn % 2 === 0 ? other : one).checkOut(cart)))
  const kinds = answers.map(({ status, code = '' }) => `${status} ${code}`.trim())
  expect(kinds.toSorted()).toEqual([...Array(2).fill('201'), ...Array(10).fill('409 CART_CHANGED')])
  const uses = "select count(*) from discount_uses where code_key = 'twice'"
  expect(await countInDatabase(database.address, uses)).toBe(2)
})

test('of an item that a customer may have five of no more are sold to them, by eight carts at once on two instances', async () => {
  const limited = 120
  await putItems(database.pool, [limited, 100, { maxPerCustomer: 5 }])
  const carts = await Promise.all(
    Array.from({ length: 8 }, async (_, turn) => {
      const { id } = await (turn % 2 === 0 ? one : other).fill({ email: 'grace@example.com' })
      return one.put(id, limited, 2)
    }),
  )
  const answers = await Promise.all(carts.map((cart, turn) => (turn % 2 === 0 ? other : one).checkOut(cart)))
  const kinds = answers.map(({ status, code = '' }) => `${status} ${code}`.trim())
  expect(kinds.toSorted()).toEqual([...Array(2).fill('201'), ...Array(6).fill('409 CART_INCOMPLETE')])
  const units = `select sum(units) as count from customer_units where chrt_id = ${limited}`
  expect(await countInDatabase(database.address, units)).toBe(4)
})

for (const point of ['stored', 'answered']) {
  test(`the service is killed when the payment is ${point}: the worker of another finishes it, and pressing again gives the order`, async () => {
    const cart = await one.fill()
    const program = join(import.meta.dirname, 'stopping-service.ts')
    const killed = await startServiceProcess({ env: { ...env, STOP_AT: point }, program })
    const pressing = cartActions(requestsTo(killed.url).call)
      .checkOut(cart)
      .catch(() => undefined)
    await eventually(`the payment is ${point}`, () => killed.output().includes('stopped: '))
    const pressAgain = () => other.checkOut(cart, 'tok_approve', { 'idempotency-key': `again-${point}` })
    expect(await pressAgain()).toMatchObject({ status: 409, code: 'CHECKOUT_IN_PROGRESS' })
    killed.kill('SIGKILL')
    await killed.exited
    await pressing
    // As if it was gone for longer than it may take for the call, and for the checkout.
    await database.pool.query('update payment_operations set next_attempt_at = now() where next_attempt_at is not null')
    await database.pool.query('update carts set next_look_at = now() where next_look_at is not null')
    await eventually('the cart is checked out', async () => {
      if ((await one.cart('GET', `/${cart.id}`)).state === 'checked_out') return true
      await database.pool.query("update carts set next_look_at = now() where state = 'checking_out'")
      return false
    })
    expect(await pressAgain()).toMatchObject({
      status: 200,
      order: { status: 'confirmed', payment_status: 'paid' },
      payment: { state: 'captured' },
    })
    expect([await countOf('orders', cart.id), await countOf('payments', cart.id)]).toEqual([1, 1])
  })
}
