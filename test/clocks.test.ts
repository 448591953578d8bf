import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestApp } from './app.ts'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { followEvents } from './server-sent-events.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

/** What the clock of one instance says changes nobody's orders, and setting it stops nothing. */

setDefaultTimeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'orders-clock-'))
afterEach(() => endServices())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dayMs = 86_400_000

/** Code that a process runs first: its clock is off, as that of a machine that somebody has set. */
function wrongClock(offMs: number): string {
  const path = join(folder, `clock${offMs}.ts`)
  writeFileSync(
    path,
    `const RealDate = Date
     class ShiftedDate extends RealDate {
       constructor(...given: []) {
         if (given.length === 0) super(RealDate.now() + ${offMs})
         else super(...given)
       }
       static now() { return RealDate.now() + ${offMs} }
     }
     globalThis.Date = ShiftedDate as DateConstructor\n`,
  )
  return path
}

test('an instance two days ahead expires nothing, says so, and stores orders with the time of the database', async () => {
  const { address } = await createMigratedDatabase()
  const env = { ...databaseEnv(address), UNPAID_EXPIRES_AFTER_MINUTES: '60' }
  const right = await startServiceProcess({ env })
  const [unpaid, later] = makeOrders(2, 'clock').map(order => ({
    ...order,
    payment: { ...order.payment, payment_dt: 0 },
  }))
  expect((await post(right.url, JSON.stringify(unpaid)))?.status).toBe(201)
  // A cart that expires after two days, and a reservation after an hour.
  const send = async (method: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(right.url + path, { method, headers, body: JSON.stringify(body) })
    expect(answer.ok).toBe(true)
  }
  const chrtId = later?.items[0]?.chrt_id
  await send('PUT', `/api/items/${chrtId}`, { nm_id: 1, name: 'Lamp', prices: { USD: 1 } })
  await send('POST', `/api/stock/${chrtId}/movements`, { location: 'main', kind: 'received', quantity: 9 })
  await send('POST', '/api/carts', { currency: 'USD' })
  const wrong = await startServiceProcess({ env, preload: wrongClock(2 * dayMs) })
  const metric = async (url: string) => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return Number(/^clock_offset_seconds (\S+)$/m.exec(text)?.[1])
  }
  expect(await metric(wrong.url)).toBeGreaterThan(2 * 86_400 - 60)
  expect(Math.abs(await metric(right.url))).toBeLessThan(60)
  await eventually('it says so', () => wrong.output().includes("differs from the database's"))
  expect((await post(wrong.url, JSON.stringify(later)))?.status).toBe(201)
  // An order that is due really is expired by the other, in one of the rounds that both make.
  await queryDatabase(
    address,
    "insert into orders select 'due', document, customer_id, track_number, currency, amount, created_at, status, payment_status, delivery_status, version, now() - interval '2 hours' from orders where order_uid = 'clock-0'",
  )
  await queryDatabase(
    address,
    "insert into events (stream_id, sequence, type, recorded_at, data) values ('due', 1, 'order.placed', now(), '{}')",
  )
  const statuses = async () => {
    const rows = await queryDatabase(address, 'select order_uid, status::text as status from orders order by order_uid')
    return Object.fromEntries(rows.map(({ order_uid, status }) => [order_uid, status]))
  }
  await eventually('what is due has expired', async () => (await statuses()).due === 'expired')
  expect(await statuses()).toEqual({ 'clock-0': 'pending', 'clock-1': 'pending', due: 'expired' })
  const kept =
    'select (select state from carts) as cart, (select string_agg(distinct state, $$ $$) from stock_reservations) as held'
  expect(await queryDatabase(address, kept)).toEqual([{ cart: 'open', held: 'held' }])
  const [row] = await queryDatabase(
    address,
    "select abs(extract(epoch from now() - recorded_at))::float8 as off from events where stream_id = 'clock-1'",
  )
  expect(Number(row?.off)).toBeLessThan(60)
})

test('a clock that is set back an hour under load stops no stream, and health checks stay up to date', async () => {
  let setBackMs = 0
  let database: 'up' | 'down' = 'up'
  const t = await createTestApp({
    now: () => Date.now() - setBackMs,
    probes: { database: async () => ({ state: database }) },
  })
  const { app } = t
  expect((await t.call('GET', '/readyz')).status).toBe(200)
  app.feed.throttle.overloaded()
  const stop = new AbortController()
  await app.feed.throttle.acquire(64 * 1024 * 1024, stop.signal)
  app.feed.throttle.overloaded()
  setBackMs = 3_600_000
  await app.feed.throttle.acquire(1024, stop.signal)
  database = 'down'
  await eventually('the probe is asked again', async () => (await t.call('GET', '/readyz')).status === 503, 10_000)
  await t.close()
})

test('events reach streams of an instance whose clock is an hour behind', async () => {
  const { address } = await createMigratedDatabase()
  const behind = await startServiceProcess({ env: databaseEnv(address), preload: wrongClock(-3_600_000) })
  const follower = followEvents(() => `${behind.url}/api/events`, '0-0')
  const [order] = makeOrders(1, 'behind')
  expect((await post(behind.url, JSON.stringify(order)))?.status).toBe(201)
  await eventually('the event is there', () => follower.events.length === 1)
  await follower.stop()
})
