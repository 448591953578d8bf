import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Type } from 'typebox'
import { createOrdersDatabase, eventLogOf } from '../../test/app.ts'
import { makeOrders } from '../../test/orders.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { initialState } from '../orders/order.ts'
import { orderStream, rememberOrders } from '../orders/order-stream.ts'
import { orderParts } from '../orders/placement-parts.ts'
import { RecentOrders } from '../orders/recent-orders.ts'
import { createIntakeStore } from '../orders/store.ts'
import { readOrder } from '../orders/validate.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { appendEvent } from './append.ts'
import { logStart } from './checkpoint.ts'
import { defineEvent } from './definition.ts'
import type { LoggedEvent } from './event-rows.ts'
import { readLog, readLogEnd, readOrderLog } from './log.ts'

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let pool: Pool

beforeAll(async () => {
  database = await createOrdersDatabase()
  pool = database.pool
})

afterAll(async () => {
  await database.drop()
})

const data = { text: 'tab\t, backslash \\ and newline\n' }
const definition = defineEvent({
  type: 'test.noted',
  stream: 'order',
  title: 'A note',
  description: 'Something was noted.',
  data: Type.Object({ text: Type.String() }),
  example: data,
})

const event = (streamId: string, sequence = 1) => ({
  streamId,
  sequence,
  definition,
  recordedAt: new Date(),
  data: JSON.stringify(data),
})

const charactersMax = 16 * 1024 * 1024

const uids = (events: LoggedEvent[]) => events.map(({ streamId }) => streamId)

test('nothing is read past a transaction that is still open, and nothing is missed when it commits late', async () => {
  const late = await pool.connect()
  await late.query('begin')
  await appendEvent(late, event('late'))
  await inTransaction(pool, client => appendEvent(client, event('early')))
  expect(await readLog(eventLogOf(pool), logStart, 10)).toEqual({ events: [], isAll: true })
  await late.query('commit')
  late.release()
  const { events } = await readLog(eventLogOf(pool), logStart, 10)
  expect(uids(events)).toEqual(['late', 'early'])
  expect(JSON.parse(events[0]?.data ?? '')).toEqual(data)
})

test('reading on from any checkpoint gives every event once, in the same order, whatever the size of a page', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, writer) =>
      inTransaction(pool, async client => {
        for (let index = 0; index < 10; index += 1) await appendEvent(client, event(`w${writer}-${index}`))
      }),
    ),
  )
  const everything = uids((await readLog(eventLogOf(pool), logStart, 1000)).events)
  expect(everything).toHaveLength(202)
  const paged: string[] = []
  for (let checkpoint = logStart; ; ) {
    const page = await readLog(eventLogOf(pool), checkpoint, 7)
    paged.push(...uids(page.events))
    if (page.isAll) break
    checkpoint = page.events.at(-1)?.checkpoint ?? checkpoint
  }
  expect(paged).toEqual(everything)
})

test('a sequence number is given once', async () => {
  await inTransaction(pool, client => appendEvent(client, event('once')))
  const again = inTransaction(pool, client => appendEvent(client, event('once')))
  expect(await again.catch(error => error)).toMatchObject({ code: '23505' })
})

test('a page has the documents of orders placed, remembered or fetched, and ends where they are many bytes', async () => {
  const start = await readLogEnd(pool)
  const placed = makeOrders(16, 'large').map(order => ({ ...order, remark: 'x'.repeat(900_000) }))
  const ready = placed.map(order => {
    const reading = readOrder(Buffer.from(JSON.stringify(order)))
    if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.violations))
    return { order: reading.order, state: initialState(false), placedAt: new Date(), arrival: 0 }
  })
  await createIntakeStore(pool, orderParts).place(ready)
  const recent = new RecentOrders(charactersMax)
  for (const { order } of ready.slice(3, 5)) {
    recent.keep(order.orderUid, { customerId: order.customerId, document: order.json })
  }
  const events: LoggedEvent[] = []
  let pages = 0
  for (let checkpoint = start; ; pages += 1) {
    const page = await readLog({ ...eventLogOf(pool), streams: rememberOrders([orderStream], recent) }, checkpoint, 100)
    events.push(...page.events)
    if (page.isAll) break
    checkpoint = page.events.at(-1)?.checkpoint ?? checkpoint
  }
  expect(pages).toBeGreaterThan(0)
  expect(uids(events)).toEqual(ready.map(({ order }) => order.orderUid))
  for (const [index, order] of placed.entries()) {
    expect(events[index]?.customerId).toBe(order.customer_id)
    expect(JSON.parse(events[index]?.data ?? '')).toMatchObject(order)
  }
})

test('the orders placed last are remembered within a bound', () => {
  const recent = new RecentOrders(charactersMax)
  const document = JSON.stringify({ remark: 'x'.repeat(1024 * 1024) })
  for (let index = 0; index < 40; index += 1) recent.keep(`uid-${index}`, { customerId: 'customer', document })
  const kept = Array.from({ length: 40 }, (_, index) => index).filter(
    index => recent.find(`uid-${index}`) !== undefined,
  )
  expect(kept.length).toBeGreaterThanOrEqual(8)
  expect(kept.length).toBeLessThanOrEqual(16)
  expect(kept).toEqual(Array.from(kept, (_, index) => 40 - kept.length + index))
})

test('times are those that were written, to the millisecond, also between events of one page', async () => {
  const times = [
    '1969-12-31T23:59:59.999Z',
    '2026-02-03T04:05:06.000Z',
    '2026-02-03T04:05:06.007Z',
    '2026-02-03T04:05:06.007Z',
  ]
  const start = await readLogEnd(pool)
  for (const [index, time] of times.entries()) {
    await inTransaction(pool, client => appendEvent(client, { ...event(`timed-${index}`), recordedAt: new Date(time) }))
  }
  const orderPages = await Promise.all(
    times.map((_, index) => readOrderLog(eventLogOf(pool), `timed-${index}`, logStart, 1)),
  )
  expect(orderPages.map(({ events }) => events[0]?.recordedAt)).toEqual(times)
  const { events } = await readLog(eventLogOf(pool), start, 10)
  expect(events.map(({ recordedAt }) => recordedAt)).toEqual(times)
  await pool.query(
    "update events set recorded_at = recorded_at + interval '999 microseconds' where stream_id = 'timed-1'",
  )
  expect((await readOrderLog(eventLogOf(pool), 'timed-1', logStart, 1)).events[0]?.recordedAt).toBe(times[1] ?? '')
})

test('a page costs what it holds, also where the statistics are wrong about what is behind its checkpoint', async () => {
  await pool.query(`insert into events (stream_id, sequence, type, recorded_at, data)
    select 'many-' || n, 1, 'test.noted', now(), '{}' from generate_series(1, 5000) n`)
  // Behind the only transaction that the statistics know, nothing is expected.
  await pool.query("delete from events where stream_id not like 'many-%'")
  await pool.query('analyze events')
  const { events } = await readLog(eventLogOf(pool), logStart, 1)
  const checkpoint = events[0]?.checkpoint ?? logStart
  const fetched = await rowsRead(pool, 'events', async client => {
    const page = await client.query('select from log_after($1::xid8, $2::bigint, 10)', [
      checkpoint.xid,
      checkpoint.position,
    ])
    expect(page.rowCount).toBe(10)
  })
  expect(fetched).toBeLessThan(100)
})
