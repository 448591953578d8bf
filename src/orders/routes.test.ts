import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { exampleOrder } from './example.ts'
import { encodeCursor } from './list-query.ts'

const samples = join(import.meta.dir, '../../test/samples')
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

let made = 0
function newOrder(createdAt = Date.now(), change: Record<string, unknown> = {}) {
  made += 1
  return { ...exampleOrder(`route-${made}`, createdAt, Math.random), ...change }
}

/** An answer of whatever shape; what is not there is undefined, and fails the expectation. */
const json = async (response: Response) => JSON.parse(await response.text())

const serviceFields = ['status', 'payment_status', 'delivery_status', 'version', 'updated_at']

/** What was read back, without what the service added behind the last field. */
function asSent(read: Record<string, unknown>) {
  expect(Object.keys(read).slice(-5)).toEqual(serviceFields)
  return Object.fromEntries(Object.entries(read).filter(([name]) => !serviceFields.includes(name)))
}

/** How many reads of orders the metrics count. */
async function cacheReads(): Promise<{ hits: number; misses: number }> {
  const text = await (await t.call('GET', '/metrics')).text()
  const read = (name: string) => Number(new RegExp(`^orders_cache_${name}_total (\\d+)$`, 'm').exec(text)?.[1])
  return { hits: read('hits'), misses: read('misses') }
}

describe('POST /api/orders', () => {
  for (const name of readdirSync(join(samples, 'valid'))) {
    test(`takes ${name} and reads it back as it was sent, also from the database`, async () => {
      const body = readFileSync(join(samples, 'valid', name), 'utf8')
      const sent = JSON.parse(body)
      const placed = await t.call('POST', '/api/orders', { body })
      expect(placed.status).toBe(201)
      expect(placed.headers.get('location')).toBe(`orders/${sent.order_uid}`)
      const answered = await placed.text()
      t.app.cache.clear()
      const read = await t.call('GET', `/api/orders/${sent.order_uid}`)
      expect(await read.text()).toBe(answered)
      expect(asSent(JSON.parse(answered))).toEqual(sent)
      const isPaid = sent.payment.payment_dt > 0
      expect(JSON.parse(answered)).toMatchObject({
        status: isPaid ? 'confirmed' : 'pending',
        payment_status: isPaid ? 'paid' : 'unpaid',
        delivery_status: 'unfulfilled',
        version: 1,
      })
    })
  }

  test('answers from the outcome: a write is not counted as a read of the cache, which would hide the misses of readers', async () => {
    const before = await cacheReads()
    const order = newOrder()
    const post = () =>
      t.call('POST', '/api/orders', { body: order, headers: { 'idempotency-key': crypto.randomUUID() } })
    const [placed, duplicate] = [await post(), await post()]
    expect([placed.status, duplicate.status]).toEqual([201, 200])
    expect(await duplicate.json()).toEqual(await placed.json())
    for (let orders = 0; orders < 10; orders += 1) {
      expect((await t.call('POST', '/api/orders', { body: newOrder() })).status).toBe(201)
    }
    expect(await cacheReads()).toEqual(before)
    await t.call('GET', `/api/orders/${order.order_uid}`)
    expect(await cacheReads()).toEqual({ ...before, hits: before.hits + 1 })
  })

  for (const name of readdirSync(join(samples, 'invalid'))) {
    test(`refuses ${name} with every violation, and stores nothing`, async () => {
      const body = readFileSync(join(samples, 'invalid', name))
      const refused = await t.call('POST', '/api/orders', { body })
      expect(refused.status).toBe(400)
      expect(refused.headers.get('content-type')).toBe('application/problem+json')
      const problem = await json(refused)
      expect(problem).toMatchObject({ status: 400, code: 'ORDER_INVALID', title: expect.any(String) })
      expect(problem.errors.length).toBeGreaterThan(0)
      const { rows } = await t.pool.query('select count(*)::int as count from orders where order_uid = $1', [
        name.replace('.json', ''),
      ])
      expect(rows[0].count).toBe(0)
    })
  }

  test('answers the same order with 200 and another under its uid with 409', async () => {
    const order = newOrder()
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    const again = await t.call('POST', '/api/orders', { body: order })
    expect(again.status).toBe(200)
    const conflict = await t.call('POST', '/api/orders', { body: { ...order, locale: 'fr' } })
    expect(conflict.status).toBe(409)
    expect(await conflict.json()).toMatchObject({ code: 'ORDER_CONFLICT' })
    const read = await json(await t.call('GET', `/api/orders/${order.order_uid}`))
    expect(read.locale).toBe(order.locale)
  })

  test('refuses a body that is too large or is not JSON by its type', async () => {
    const large = await t.call('POST', '/api/orders', { body: new Uint8Array(1024 * 1024 + 1) })
    expect(large.status).toBe(413)
    const form = await t.call('POST', '/api/orders', {
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(form.status).toBe(415)
  })
})

describe('a body', () => {
  const mark = '\ufeff'

  test('may begin with a byte order mark', async () => {
    const order = newOrder()
    expect((await t.call('POST', '/api/orders', { body: mark + JSON.stringify(order) })).status).toBe(201)
    const path = `/api/orders/${order.order_uid}`
    expect(asSent(await json(await t.call('GET', path)))).toEqual(order)
    expect((await t.call('POST', `${path}/hold`, { body: `${mark}{"reason":"x"}` })).status).toBe(200)
    // As a whole file, as the line of a file that begins with an empty one, and in the middle of files put together.
    const lines = [mark, mark + JSON.stringify(newOrder()), `\r`, mark + JSON.stringify(newOrder())]
    const results = (await (await t.call('POST', '/api/orders/batch', { body: lines.join('\n') })).text()).split('\n')
    expect(results.slice(0, 2).map(line => JSON.parse(line))).toMatchObject([
      { line: 2, outcome: 'placed' },
      { line: 4, outcome: 'placed' },
    ])
    for (const body of [mark, `${mark}${mark}${JSON.stringify(newOrder())}`]) {
      expect((await t.call('POST', '/api/orders', { body })).status).toBe(400)
    }
  })

  test('that is compressed, or says so, is refused with the coding that is accepted', async () => {
    const order = newOrder()
    const bytes = Bun.gzipSync(JSON.stringify(order))
    for (const coding of ['gzip', 'br', 'x-unknown', 'identity, gzip']) {
      const headers = { 'content-encoding': coding }
      for (const path of ['/api/orders', '/api/orders/batch', `/api/orders/${order.order_uid}/hold`, '/api/webhooks']) {
        for (const key of [{}, { 'idempotency-key': crypto.randomUUID() }]) {
          const refused = await t.call('POST', path, { body: bytes, headers: { ...headers, ...key } })
          expect([path, refused.status, refused.headers.get('accept-encoding')]).toEqual([path, 415, 'identity'])
          expect(await json(refused)).toMatchObject({ code: 'CONTENT_CODING_UNSUPPORTED' })
        }
      }
    }
    const headers = { 'content-encoding': 'Identity' }
    expect((await t.call('POST', '/api/orders', { body: order, headers })).status).toBe(201)
  })
})

describe('GET /api/orders/:id', () => {
  test('answers 304 to a client that has the version, and 404 for an order that is not stored', async () => {
    const order = newOrder()
    const placed = await t.call('POST', '/api/orders', { body: order })
    const etag = placed.headers.get('etag') ?? ''
    const path = `/api/orders/${order.order_uid}`
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      expect((await t.call('GET', path, { headers: { 'if-none-match': known } })).status).toBe(304)
    }
    expect((await t.call('GET', path, { headers: { 'if-none-match': '"99"' } })).status).toBe(200)
    expect((await t.call('HEAD', path)).status).toBe(200)
    expect((await t.call('GET', '/api/orders/nobody')).status).toBe(404)
    expect((await t.call('GET', '/api/orders/%00')).status).toBe(404)
    expect((await t.call('DELETE', path)).status).toBe(405)
  })
})

describe('POST /api/orders/batch', () => {
  test('answers line by line, whatever the chunks', async () => {
    const orders = Array.from({ length: 2500 }, () => newOrder())
    const lines = orders.map(order => JSON.stringify(order))
    lines.splice(7, 0, '{broken', '', lines[3] ?? '')
    lines.splice(2000, 0, '', '')
    const bytes = Buffer.from(`${lines.join('\r\n')}`)
    const body = new ReadableStream({
      start(controller) {
        for (let start = 0; start < bytes.length; start += 77_777)
          controller.enqueue(bytes.subarray(start, start + 77_777))
        controller.close()
      },
    })
    const response = await t.app.fetch(new Request('http://localhost/api/orders/batch', { method: 'POST', body }))
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const results = (await response.text())
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(results.pop()).toEqual({ complete: true, count: 2502, placed: 2500, duplicate: 1, refused: 1 })
    expect(results).toHaveLength(2502)
    expect(results.map(result => result.line)).toEqual(lines.flatMap((line, index) => (line === '' ? [] : [index + 1])))
    expect(results[7]).toMatchObject({ outcome: 'refused', code: 'ORDER_INVALID' })
    expect(results[8]).toEqual({ line: 10, order_uid: orders[3]?.order_uid ?? '', outcome: 'duplicate' })
    expect(results.filter(result => result.outcome === 'placed')).toHaveLength(2500)
  })

  test('names the order of a refused line, if its uid can be read', async () => {
    const lines = [
      { ...newOrder(), order_uid: 'refused-1', locale: 7 },
      { ...newOrder(), order_uid: 'refused-2', status: 'pending' },
      { ...newOrder(), order_uid: 'not/allowed' },
      { ...newOrder(), order_uid: 7 },
      ['refused-5'],
      null,
    ]
    const body = `${lines.map(line => JSON.stringify(line)).join('\n')}\n{"order_uid":"refused-7"`
    const results = (await (await t.call('POST', '/api/orders/batch', { body })).text())
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(result => result.outcome === 'refused')
    expect(results.map(({ line, order_uid: uid }) => [line, uid])).toEqual([
      [1, 'refused-1'],
      [2, 'refused-2'],
      ...[3, 4, 5, 6, 7].map(line => [line, undefined]),
    ])
  })

  test('ends with a clear line when a line is too long', async () => {
    const body = `${JSON.stringify(newOrder())}\n${'x'.repeat(1024 * 1024 + 1)}`
    const results = (await (await t.call('POST', '/api/orders/batch', { body })).text()).trim().split('\n')
    expect(results.map(line => JSON.parse(line))).toMatchObject([
      { line: 1, outcome: 'placed' },
      { complete: false, count: 1, placed: 1, code: 'BODY_TOO_LARGE' },
    ])
    const first = await t.call('POST', '/api/orders/batch', { body: 'x'.repeat(1024 * 1024 + 1) })
    expect(first.status).toBe(413)
  })
})

test('POST /api/orders/test makes an order that can be read', async () => {
  const sent = await t.call('POST', '/api/orders/test')
  expect(sent.status).toBe(202)
  const { order_uid: uid } = await json(sent)
  expect((await t.call('GET', `/api/orders/${uid}`)).status).toBe(200)
})

describe('GET /api/orders', () => {
  const day = Date.parse('2031-05-01T00:00:00Z')
  const list = async (query: string, headers: Record<string, string> = {}) => {
    const response = await t.call('GET', `/api/orders?${query}`, { headers })
    return { response, uids: async () => uidsOf(await json(response)) }
  }
  const uidsOf = (orders: { order_uid: string }[]) => orders.map(order => order.order_uid)
  /** Newest first; the third and fourth have the same time. */
  const orders = [5, 4, 3, 3, 2, 1, 0].map((hour, index) =>
    newOrder(day + hour * 3_600_000, {
      order_uid: `list-${9 - index}`,
      customer_id: index % 2 === 0 ? 'even\ttab' : 'odd',
      track_number: `TRACK-${index}`,
    }),
  )

  beforeAll(async () => {
    for (const order of orders) expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    await t.pool.query(
      `update orders set status = 'cancelled', payment_status = 'refunded', version = 2 where order_uid = 'list-5'`,
    )
  })

  const window = 'from=2031-05-01T00:00:00Z&to=2031-05-02T00:00:00%2B00:00'

  test('gives pages newest first, linked by a cursor, each order once', async () => {
    const seen: string[] = []
    let query = `${window}&limit=2`
    for (;;) {
      const { response, uids } = await list(query)
      seen.push(...(await uids()))
      const next = /^<orders\?([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
      if (next === undefined) break
      query = next
    }
    expect(seen).toEqual(uidsOf(orders))
  })

  test.each([
    ['customer_id=even%09tab', [0, 2, 4, 6]],
    ['customer_id=even%09tab&limit=2', [0, 2]],
    ['track_number=TRACK-3', [3]],
    ['status=cancelled', [4]],
    ['status=cancelled,confirmed', [0, 1, 2, 3, 4, 5, 6]],
    ['payment_status=refunded', [4]],
    ['delivery_status=shipped', []],
    ['status=confirmed&payment_status=paid&customer_id=odd', [1, 3, 5]],
    ['q=list-7', [2]],
    ['q=TRACK-1', [1]],
    ['q=odd&status=confirmed', [1, 3, 5]],
    ['q=nothing', []],
    ['to=2031-05-01T01:00:00Z', [6]],
  ])('narrows the list by %s', async (query, indexes) => {
    const range = query.includes('to=') ? 'from=2031-05-01T00:00:00Z' : window
    const { uids } = await list(`${range}&${query}`)
    expect(await uids()).toEqual(uidsOf(indexes.map(index => orders[index] ?? newOrder())))
  })

  test('gives pages oldest first when asked to, linked by a cursor, each order once, also as a stream', async () => {
    const seen: string[] = []
    let query = `${window}&sort=oldest&limit=2`
    for (;;) {
      const { response, uids } = await list(query)
      seen.push(...(await uids()))
      const next = /^<orders\?([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
      if (next === undefined) break
      query = next
    }
    expect(seen).toEqual(uidsOf(orders).reverse())
    const { uids } = await list(`${window}&sort=oldest&status=cancelled,confirmed&customer_id=odd`)
    expect(await uids()).toEqual(uidsOf(orders.filter((_, index) => index % 2 === 1)).reverse())
    const headers = { accept: 'application/x-ndjson' }
    const lines = (await (await t.call('GET', `/api/orders?${window}&sort=oldest`, { headers })).text())
      .trim()
      .split('\n')
      .slice(0, -1)
    expect(uidsOf(lines.map(line => JSON.parse(line)))).toEqual(uidsOf(orders).reverse())
  })

  test.each(['newest', 'oldest'])('goes on from a place that the times asked for do not hold, %s first', async sort => {
    const ordered = sort === 'newest' ? orders : orders.toReversed()
    const hours = [0, 1, 2, 3, 4, 5, 6].map(hour => day + hour * 3_600_000)
    for (const [index, last] of ordered.entries()) {
      const cursor = encodeCursor({ createdAtMs: Date.parse(last.date_created), orderUid: last.order_uid })
      for (const fromMs of hours) {
        for (const toMs of hours) {
          const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
          const { uids } = await list(`from=${from}&to=${to}&sort=${sort}&cursor=${cursor}`)
          const isWanted = ({ date_created: date }: (typeof orders)[number]) =>
            Date.parse(date) >= fromMs && Date.parse(date) < toMs
          expect(await uids()).toEqual(uidsOf(ordered.slice(index + 1).filter(isWanted)))
        }
      }
    }
  })

  test('streams every match as NDJSON', async () => {
    const { response } = await list(window, { accept: 'application/x-ndjson' })
    const lines = (await response.text()).trim().split('\n')
    expect(JSON.parse(lines.pop() ?? '')).toEqual({ complete: true, count: orders.length })
    expect(lines.map(line => JSON.parse(line).order_uid)).toEqual(uidsOf(orders))
  })

  test('refuses a query with every violation', async () => {
    const { response } = await list('limit=0&cursor=x&status=lost&from=yesterday&statsu=pending&q=a&q=b')
    expect(response.status).toBe(400)
    const { errors } = await json(response)
    const pointers = errors.map((error: { pointer: string }) => error.pointer).sort()
    expect(pointers).toEqual(['/cursor', '/from', '/limit', '/q', '/statsu', '/status'])
  })
})
