import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { Client } from 'pg'
import { expireUnpaid } from '../src/orders/commands.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool, type Pool } from '../src/platform/postgres.ts'
import { createTestApp, type TestApp } from './app.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'

setDefaultTimeout(60_000)

type Problem = { code: string }

let t: TestApp
let holder: Client

beforeAll(async () => {
  t = await createTestApp()
  holder = new Client({ ...t.address, password: t.address.password ?? '' })
  await holder.connect()
})

afterAll(async () => {
  await holder.end()
  await t.close()
})

const [locked = '', ...others] = makeOrders(21, 'lock').map(order => order.order_uid)

const command = (uid: string, name: string) => t.call('POST', `/api/orders/${uid}/${name}`)

test('a locked order delays only requests for that order', async () => {
  for (const order of makeOrders(21, 'lock')) {
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  }
  await holder.query('begin')
  await holder.query('select from orders where order_uid = $1 for update', [locked])
  const stuck = Array.from({ length: 60 }, async () => {
    const response = await command(locked, 'hold')
    return { status: response.status, code: ((await response.json()) as Problem).code }
  })
  // None of them has a connection while it waits.
  for (const uid of others) {
    expect((await command(uid, 'hold')).status).toBe(200)
    t.app.cache.forget(uid, 3)
    expect((await t.call('GET', `/api/orders/${uid}`)).status).toBe(200)
  }
  for (const order of makeOrders(10, 'lock-new')) {
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  }
  expect(new Set((await Promise.all(stuck)).map(({ status, code }) => `${status} ${code}`))).toEqual(
    new Set(['503 ORDER_LOCKED']),
  )
  await holder.query('rollback')
  expect((await command(locked, 'hold')).status).toBe(200)
})

test('commands beyond the limit of one order are rejected at once, and those that wait are carried out in turn', async () => {
  await holder.query('begin')
  await holder.query('select from orders where order_uid = $1 for update', [locked])
  const answers = Array.from({ length: 130 }, (_, index) => command(locked, index % 2 === 0 ? 'confirm' : 'hold'))
  const codes = await Promise.all(
    answers.slice(100).map(async answer => ((await (await answer).json()) as Problem).code),
  )
  expect(new Set(codes)).toEqual(new Set(['OVERLOADED']))
  await holder.query('rollback')
  const waited = await Promise.all(answers.slice(0, 100).map(async answer => (await answer).status))
  // On a busy machine some have waited for too long already.
  expect(waited.filter(status => status !== 200 && status !== 503)).toEqual([])
  expect((await command(locked, 'hold')).status).toBe(200)
})

test('a locked order keeps no other from expiring', async () => {
  const unpaid = makeOrders(3, 'lock-unpaid').map(order => ({ ...order, payment: { ...order.payment, payment_dt: 0 } }))
  for (const order of unpaid) expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  await holder.query('begin')
  await holder.query("select from orders where order_uid = 'lock-unpaid-1' for update")
  const nowMs = Date.now()
  const limits = { unpaidSinceMs: nowMs + 60_000, ordersMax: 100, nowMs, onChanged: t.app.cache.forget }
  expect(await expireUnpaid(t.pool, limits)).toBe(2)
  await holder.query('rollback')
  expect(await expireUnpaid(t.pool, limits)).toBe(1)
})

test('parallel lists use a limited number of connections, and leave the rest to others', async () => {
  const pool: Pool = createPool(t.address, { connectionsMax: 8, name: 'test', log: createLogger({ level: 'silent' }) })
  let busy = 0
  let busiest = 0
  pool.on('acquire', () => {
    busy += 1
    busiest = Math.max(busiest, busy)
  })
  pool.on('release', () => {
    busy -= 1
  })
  const own = await createTestApp({ pool })
  // Lists wait as long as the table is locked; requests that do not touch it go on.
  await holder.query('begin; lock table orders in access exclusive mode')
  const lists = Array.from({ length: 40 }, (_, index) =>
    own.call('GET', index % 2 === 0 ? '/api/orders?limit=1000' : '/api/overview').then(({ status }) => status),
  )
  const commands = Array.from({ length: 40 }, (_, index) => own.app.carryOut(hold(`none-${index}`)).catch(() => 0))
  await eventually('they have their connections', () => busy === 5)
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await Bun.sleep(300)
  expect(busy).toBe(5)
  await holder.query('rollback')
  expect(new Set(await Promise.all(lists))).toEqual(new Set([200]))
  await Promise.all(commands)
  expect(busiest).toBeLessThanOrEqual(6)
  await own.close()
  await pool.end()
})

const hold = (orderUid: string) => ({ orderUid, command: 'hold', reason: '', actor: '' }) as const
