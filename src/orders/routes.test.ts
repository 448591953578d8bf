import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { exampleOrder } from './example.ts'

const samples = join(import.meta.dir, '../../test/samples')
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

let made = 0
function newOrder() {
  made += 1
  return exampleOrder(`route-${made}`, Date.now(), Math.random)
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

test('POST /api/orders/test makes an order that can be read', async () => {
  const sent = await t.call('POST', '/api/orders/test')
  expect(sent.status).toBe(202)
  const { order_uid: uid } = await json(sent)
  expect((await t.call('GET', `/api/orders/${uid}`)).status).toBe(200)
})
