import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/kafka.ts'
import { nextOf } from '../../test/links.ts'
import { framesOf } from '../../test/server-sent-events.ts'
import { exampleOrder } from '../orders/example.ts'
import { logStart } from './checkpoint.ts'
import { streamEvents } from './stream.ts'

/** What one request reads of the log is bounded, and all requests together find everything. */

setDefaultTimeout(60_000)
const ordersCount = 6_000
/** One order in this many is of the customer `seldom`, who has too many to be looked up one by one. */
const seldomEvery = 25
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  // In several transactions, as orders come.
  for (let from = 0; from < ordersCount; from += 1_000) {
    const document = JSON.stringify({ remark: 'x'.repeat(300) })
    await t.pool.query(
      `with placed as (
         insert into orders (order_uid, document, customer_id, track_number, currency, amount, created_at, status, payment_status,
                             delivery_status, version, updated_at)
         select 'u' || n, $3, case when n % $4 = 0 then 'seldom' when n % 1000 = 7 then 'once' else 'c' || n % 50 end, 't' || n,
                'USD', 1, now(), 'confirmed', 'paid', 'unfulfilled', 1, now()
           from generate_series($1::int, $2::int) n
         returning order_uid)
       insert into events (stream_id, sequence, type, recorded_at, data)
       select order_uid, 1, 'order.placed', now(), '{"status":"confirmed"}' from placed`,
      [from, from + 999, document, seldomEvery],
    )
  }
  await t.pool.query(
    `insert into events (stream_id, sequence, type, recorded_at, data)
     select 'u' || n, 2, case when n % 2 = 0 then 'order.on_hold' else 'order.cancelled' end, now(), '{}'
       from generate_series(0, 5999, 500) n`,
  )
  await t.pool.query('analyze orders; analyze events')
})
afterAll(() => t.close())

type Page = { events: { order_uid: string; sequence: number; type: string }[]; next: string | undefined }

async function read(path: string): Promise<Page> {
  const response = await t.call('GET', path)
  expect(response.status).toBe(200)
  return { events: JSON.parse(await response.text()), next: nextOf(path, response) }
}

/** Follows the links to the end. */
async function readAll(path: string): Promise<Page[]> {
  const pages: Page[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const page = await read(next)
    pages.push(page)
    next = page.next
  }
  return pages
}

/** What the statements of some work read, over all connections of the app. */
async function rowsReadBy(work: () => Promise<unknown>): Promise<number> {
  const { query } = t.pool
  let rows = 0
  const counting = async (...given: Parameters<typeof query>) => {
    const result = await Reflect.apply(query, t.pool, given)
    rows += (result as unknown as { rowCount: number | null }).rowCount ?? 0
    return result
  }
  t.pool.query = counting as unknown as typeof query
  try {
    await work()
  } finally {
    t.pool.query = query
  }
  return rows
}

const key = ({ order_uid, sequence }: { order_uid: string; sequence: number }) => `${order_uid} ${sequence}`

describe('a filter that nothing fits', () => {
  test.each([
    'customer_id=nobody',
    'type=order.expired',
    'type=order.expired,order.completed',
    'sort=newest&customer_id=nobody',
  ])('%s is answered without reading the log', async filter => {
    let pages: Page[] = []
    const rows = await rowsReadBy(async () => {
      pages = await readAll(`/api/events?${filter}`)
    })
    expect(pages).toEqual([{ events: [], next: undefined }])
    expect(rows).toBeLessThan(10)
  })

  test('and that no index serves has empty pages, each with the next, to the end', async () => {
    const pages = await readAll('/api/events?type=order.expired,order.placed&customer_id=seldom&limit=1000')
    expect(pages.flatMap(({ events }) => events)).toHaveLength(ordersCount / seldomEvery)
    // Nobody with 201 orders has an expired one: a thousand events are looked at for a page.
    const empty = await readAll('/api/events?type=order.expired&customer_id=seldom')
    expect(empty.flatMap(({ events }) => events)).toEqual([])
    expect(empty.length).toBeGreaterThanOrEqual(3)
    const cursors = empty
      .slice(0, -1)
      .map(({ next = '' }) => new URL(next, 'http://localhost').searchParams.get('cursor'))
    expect(new Set(cursors).size).toBe(cursors.length)
    expect(cursors.slice(0, 2).map(cursor => Number(cursor?.split('-')[1]))).toEqual([1_000, 2_000])
  })
})

describe('pages of a filter have what fits, once, in the order of the log', () => {
  test.each([
    'type=order.placed',
    'type=order.on_hold',
    'type=order.on_hold,order.cancelled',
    'type=order.cancelled,order.placed',
    'customer_id=once',
    'customer_id=seldom',
    'customer_id=seldom&type=order.on_hold',
    'customer_id=once&type=order.placed',
  ])('%s', async filter => {
    const wanted = new URLSearchParams(filter)
    const { rows } = await t.pool.query(
      `select o.order_uid, e.sequence
         from events e
         join orders o on o.order_uid = e.stream_id
        where ($1::text is null or o.customer_id = $1) and ($2::text[] is null or e.type = any($2))
        order by e.xid, e.position`,
      [wanted.get('customer_id'), wanted.get('type')?.split(',') ?? null],
    )
    const expected = rows.map(key)
    for (const limit of [7, 1000]) {
      if (expected.length > 500 && limit === 7) continue
      const forward = (await readAll(`/api/events?${filter}&limit=${limit}`)).flatMap(({ events }) => events)
      expect(forward.map(key)).toEqual(expected)
      const back = (await readAll(`/api/events?${filter}&sort=newest&limit=${limit}`)).flatMap(({ events }) => events)
      expect(back.toReversed().map(key)).toEqual(expected)
    }
  })
})

describe('a stream with a filter, from the beginning of the log', () => {
  test('reads no order that it does not send, has everything that fits, and is alive meanwhile', async () => {
    const events: string[] = []
    const rows = await rowsReadBy(async () => {
      const filter = { customerId: 'once', types: undefined }
      const reader = (streamEvents(t.app.feed, logStart, filter).body ?? new Blob().stream()).getReader()
      for await (const { event, data } of framesOf(reader)) {
        if (data === undefined) continue
        events.push(event ?? '')
        if (events.length === 6) break
      }
      await reader.cancel()
    })
    expect(events).toEqual(new Array(6).fill('order.placed'))
    expect(rows).toBeLessThan(100)
    await eventually('nobody follows', () => t.app.feed.followers === 0)
  })

  test('that finds nothing comes to its end, and goes on live', async () => {
    const response = streamEvents(t.app.feed, logStart, { customerId: 'seldom', types: ['order.completed'] })
    const reader = (response.body ?? new Blob().stream()).getReader()
    const order = { ...exampleOrder('live-seldom', Date.now(), Math.random), customer_id: 'seldom' }
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    if ((await t.call('GET', '/api/orders/live-seldom')).status !== 200) throw new Error('it is not there')
    const pending = JSON.parse(await (await t.call('GET', '/api/orders/live-seldom')).text()).status !== 'confirmed'
    if (pending) expect((await t.call('POST', '/api/orders/live-seldom/confirm')).status).toBe(200)
    expect((await t.call('POST', '/api/orders/live-seldom/complete')).status).toBe(200)
    for await (const { event, data } of framesOf(reader)) {
      if (data === undefined) continue
      expect(event).toBe('order.completed')
      break
    }
    await reader.cancel()
  })
})
