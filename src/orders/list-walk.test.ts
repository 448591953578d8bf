import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { rowsRead } from '../../test/rows-read.ts'
import type { OrderFilter } from './list-filter.ts'
import { listOrders } from './queries.ts'

/** Lists by more than an index serves: what one page looks at is bounded, and the pages together have everything. */

setDefaultTimeout(60_000)
const ordersCount = 9_000
const longName = 'x'.repeat(120)
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  await t.pool.query(
    `insert into orders (order_uid, document, customer_id, track_number, currency, amount, created_at, status, payment_status,
                         delivery_status, version, updated_at)
     select 'u' || n, '{"order_uid":"u' || n || '"}', case when n % 3 = 0 then $2 || n % 2 when n = 4 then 'few' else 'big' end,
            case when n % 4 = 0 then 'big' else 't' || n % 10 end, 'USD', 1, '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 s',
            case when n % 1000 = 1 then 'cancelled' else 'confirmed' end::order_status, 'paid', 'unfulfilled', 1, now()
       from generate_series(0, $1::int - 1) n`,
    [ordersCount, longName],
  )
  await t.pool.query('analyze orders')
})
afterAll(() => t.close())

async function readAll(query: string, path = '/api/orders'): Promise<{ uids: string[]; pages: number; empty: number }> {
  const uids: string[] = []
  let [pages, empty] = [0, 0]
  for (let next: string | undefined = `${path}?${query}`; next !== undefined; pages += 1) {
    const response = await t.call('GET', next)
    expect(response.status).toBe(200)
    const orders: { order_uid: string }[] = JSON.parse(await response.text())
    uids.push(...orders.map(order => order.order_uid))
    if (orders.length === 0) empty += 1
    next = nextOf(next, response)
  }
  return { uids, pages, empty }
}

async function expected(where: string, values: unknown[] = [], direction = 'desc'): Promise<string[]> {
  const { rows } = await t.pool.query<{ order_uid: string }>(
    `select order_uid from orders where ${where} order by created_at ${direction}, order_uid ${direction}`,
    values,
  )
  return rows.map(row => row.order_uid)
}

describe('a page of a list looks at a bounded number of orders', () => {
  const nothing: [string, OrderFilter][] = [
    ['a customer with many orders, and a status that none has', { customerId: 'big', statuses: ['expired'] }],
    ['a search and a status', { search: 'big', statuses: ['expired'], paymentStatuses: ['paid'] }],
    ['a customer and a tracking number', { customerId: 'nobody', trackNumber: 'big' }],
    ['a long name that begins as others do', { customerId: `${longName}2` }],
    ['a search for such a name', { search: `${longName}2` }],
  ]
  test.each(nothing)('%s', async (_, filter) => {
    let page: Awaited<ReturnType<typeof listOrders>> | undefined
    const rows = await rowsRead(t.pool, 'orders', async pool => {
      page = await listOrders(pool, filter, undefined, 100)
    })
    expect(page?.orders).toEqual([])
    expect(page?.next).toBeDefined()
    expect(rows).toBeLessThan(4_500)
  })
})

describe('its pages together have everything, once and in order', () => {
  const long = `left(customer_id, 100) = left($1, 100) and customer_id = $1`
  test.each([
    ['customer_id=big&status=cancelled', "customer_id = 'big' and status = 'cancelled'", []],
    ['customer_id=big&track_number=t1', "customer_id = 'big' and track_number = 't1'", []],
    ['q=big&status=cancelled', "(customer_id = 'big' or track_number = 'big') and status = 'cancelled'", []],
    ['q=few&status=confirmed', "customer_id = 'few'", []],
    ['q=u1&payment_status=paid', "order_uid = 'u1'", []],
    ['customer_id=big&status=expired', 'false', []],
    [`customer_id=${longName}1`, long, [`${longName}1`]],
    [`q=${longName}1&limit=1000`, long, [`${longName}1`]],
    [
      'q=big&status=cancelled&from=2026-01-01T00:10:00Z&to=2026-01-01T02:00:00Z',
      `(customer_id = 'big' or track_number = 'big') and status = 'cancelled' and created_at >= '2026-01-01T00:10:00Z'
       and created_at < '2026-01-01T02:00:00Z'`,
      [],
    ],
  ] as const)('%s', async (query, where, values) => {
    for (const [sort, direction] of [
      ['newest', 'desc'],
      ['oldest', 'asc'],
    ] as const) {
      const wanted = await expected(where, [...values], direction)
      expect((await readAll(`${query}&sort=${sort}`)).uids).toEqual(wanted)
      const small = await readAll(`${query}${query.includes('limit=') ? '' : '&limit=3'}&sort=${sort}`)
      expect(small.uids).toEqual(wanted)
      const headers = { accept: 'application/x-ndjson' }
      const text = await (
        await t.call('GET', `/api/orders?${query.replace('&limit=1000', '')}&sort=${sort}`, { headers })
      ).text()
      const lines = text.split('\n').filter(line => line.includes('"order_uid"'))
      expect(lines.map(line => JSON.parse(line).order_uid)).toEqual(wanted)
    }
  })
})

test('a stream of orders that finds nothing ends soon after its reader has left', async () => {
  let pages = 0
  const { query } = t.pool
  t.pool.query = ((...given: Parameters<typeof query>) => {
    pages += 1
    return Reflect.apply(query, t.pool, given)
  }) as unknown as typeof query
  const response = await t.call('GET', '/api/orders?customer_id=big&status=expired', {
    headers: { accept: 'application/x-ndjson' },
  })
  const reader = (response.body ?? new Blob().stream()).getReader()
  await reader.cancel()
  const atCancel = pages
  await new Promise(resolve => setTimeout(resolve, 50))
  t.pool.query = query
  expect(pages).toBeLessThanOrEqual(atCancel + 2)
})
