import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { digestOf } from '../src/access/keys.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { createTestApp, type TestApp } from './app.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
})
afterAll(() => t.close())

const newOrder = () => exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
const newKey = () => crypto.randomUUID()

async function send(path: string, key: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await t.call('POST', path, { body, headers: { ...headers, 'idempotency-key': key } })
  const { 'idempotency-replayed': replayed, ...rest } = Object.fromEntries(response.headers)
  return { status: response.status, isReplayed: replayed === 'true', headers: rest, text: await response.text() }
}

const codeOf = (answer: { text: string }) => JSON.parse(answer.text).code

async function eventsOf(orderUid: string) {
  const { rows } = await t.pool.query('select type from events where stream_id = $1 order by sequence', [orderUid])
  return rows.map(row => row.type)
}

async function place(): Promise<string> {
  const order = newOrder()
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return order.order_uid
}

/** The time of every claim that is not settled is over, as after a minute. */
const endClaims = () => t.pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")

describe('an order that is sent again with its key', () => {
  test('gets the first response again, even if the order has changed', async () => {
    const order = newOrder()
    const key = newKey()
    const first = await send('/api/orders', key, order)
    expect(first).toMatchObject({ status: 201, isReplayed: false })
    expect((await t.call('POST', `/api/orders/${order.order_uid}/hold`)).status).toBe(200)
    for (let time = 0; time < 3; time += 1) {
      expect(await send('/api/orders', key, order)).toEqual({ ...first, isReplayed: true })
    }
    expect(first.headers).toMatchObject({ location: `orders/${order.order_uid}`, etag: '"1"' })
    expect(await eventsOf(order.order_uid)).toEqual(['order.placed', 'order.on_hold'])
  })

  test('without the key, or with another, is a duplicate', async () => {
    const order = newOrder()
    await send('/api/orders', newKey(), order)
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(200)
    const key = newKey()
    expect(await send('/api/orders', key, order)).toMatchObject({ status: 200, isReplayed: false })
    expect(await send('/api/orders', key, order)).toMatchObject({ status: 200, isReplayed: true })
  })

  test('may be as large as an order can be, as may its response', async () => {
    const order = { ...newOrder(), numbers: '' }
    const numbers = `[${'1e15,'.repeat(209_000)}1]`
    const body = JSON.stringify(order).replace('"numbers":""', `"numbers":${numbers}`)
    const key = newKey()
    const first = await send('/api/orders', key, body)
    expect(first.status).toBe(201)
    expect(first.text.length).toBeGreaterThan(1_000_000)
    const again = await send('/api/orders', key, body)
    expect(again.isReplayed && again.text === first.text).toBe(true)
  })

  test('a hundred times at once is placed once; the others get its response or 409', async () => {
    const order = newOrder()
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 100 }, () => send('/api/orders', key, order)))
    const firsts = answers.filter(({ status, isReplayed }) => status === 201 && !isReplayed)
    const running = answers.filter(({ status }) => status === 409)
    const replayed = answers.filter(({ isReplayed }) => isReplayed)
    expect(firsts).toHaveLength(1)
    expect(firsts.length + running.length + replayed.length).toBe(100)
    for (const answer of running) {
      expect(codeOf(answer)).toBe('IDEMPOTENCY_KEY_IN_USE')
      expect(answer.headers).toMatchObject({ 'retry-after': '1' })
    }
    expect(replayed.filter(({ text }) => text !== firsts[0]?.text)).toEqual([])
    expect(await eventsOf(order.order_uid)).toEqual(['order.placed'])
  })
})

describe('a key', () => {
  test('is rejected with another body, compared byte by byte, and has no effect', async () => {
    const order = newOrder()
    const other = newOrder()
    const key = newKey()
    await send('/api/orders', key, order)
    for (const body of [other, JSON.stringify(order, null, 1)]) {
      const refused = await send('/api/orders', key, body)
      expect([refused.status, codeOf(refused)]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    }
    expect(await eventsOf(other.order_uid)).toEqual([])
  })

  test('is separate for each URL, parameters included', async () => {
    const key = newKey()
    const [one, other] = [await place(), await place()]
    for (const uid of [one, other]) {
      expect(await send(`/api/orders/${uid}/hold`, key)).toMatchObject({ status: 200, isReplayed: false })
      expect(await send(`/api/orders/${uid}/confirm`, key)).toMatchObject({ status: 200, isReplayed: false })
      expect(await eventsOf(uid)).toEqual(['order.placed', 'order.on_hold', 'order.confirmed'])
    }
  })

  test('is separate for each API key, and for callers without one', async () => {
    const key = newKey()
    expect((await send('/api/orders', key, newOrder())).status).toBe(201)
    t.app.keys.replace(['one', 'other'].map(name => ({ digest: digestOf(name), scopes: ['orders:write'] })))
    try {
      for (const name of ['one', 'other']) {
        const order = newOrder()
        const headers = { authorization: `Bearer ${name}` }
        expect(await send('/api/orders', key, order, headers)).toMatchObject({ status: 201, isReplayed: false })
        expect(await send('/api/orders', key, order, headers)).toMatchObject({ status: 201, isReplayed: true })
      }
      expect((await send('/api/orders', key, newOrder())).status).toBe(401)
    } finally {
      t.app.keys.replace([])
    }
  })

  test.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
    ['with a space', 'a b'],
    ['beyond ASCII', 'schlüssel'],
  ])('that is %s is refused, and the header is named', async (_, key) => {
    const order = newOrder()
    const refused = await send('/api/orders', key, order)
    expect(refused.status).toBe(400)
    expect(JSON.parse(refused.text)).toMatchObject({
      code: 'REQUEST_INVALID',
      errors: [{ pointer: '/Idempotency-Key' }],
    })
    expect(await eventsOf(order.order_uid)).toEqual([])
  })

  test('that is given twice is rejected', async () => {
    const headers = new Headers({ 'idempotency-key': 'one' })
    headers.append('idempotency-key', 'other')
    const body = JSON.stringify(newOrder())
    const request = new Request('http://localhost/api/orders', { method: 'POST', headers, body })
    expect((await t.app.fetch(request)).status).toBe(400)
  })

  test('may contain any visible character', async () => {
    const order = newOrder()
    for (const key of ['k'.repeat(255), `"\\t\\'$1;--${newKey()}`]) {
      const first = await send('/api/orders', key, order)
      expect(await send('/api/orders', key, order)).toEqual({ ...first, isReplayed: true })
    }
  })

  test('is ignored by reads, and where each line has its own identity', async () => {
    const headers = { 'content-type': 'application/x-ndjson' }
    for (let time = 0; time < 2; time += 1) {
      const answer = await send('/api/orders/batch', 'a key', JSON.stringify(newOrder()), headers)
      expect(answer).toMatchObject({ status: 200, isReplayed: false })
    }
  })
})

describe('a command that is sent again with its key', () => {
  test('has no second effect, and gets the first response, also after other commands', async () => {
    const uid = await place()
    const key = newKey()
    const body = { reason: 'payment to be checked' }
    const first = await send(`/api/orders/${uid}/hold`, key, body, { 'if-match': '"1"' })
    expect(first).toMatchObject({ status: 200, isReplayed: false, headers: { etag: '"2"' } })
    expect((await t.call('POST', `/api/orders/${uid}/confirm`)).status).toBe(200)
    expect(await send(`/api/orders/${uid}/hold`, key, body, { 'if-match': '"1"' })).toEqual({
      ...first,
      isReplayed: true,
    })
    expect(await eventsOf(uid)).toEqual(['order.placed', 'order.on_hold', 'order.confirmed'])
  })

  test('gets the same rejection again if the state was the reason', async () => {
    const uid = await place()
    const keys = [newKey(), newKey(), newKey()] as const
    const ask = () =>
      Promise.all([
        send(`/api/orders/${uid}/cancel`, keys[0], undefined, { 'if-match': '"9"' }),
        send(`/api/orders/absent-${uid}/cancel`, keys[1]),
        send(`/api/orders/${uid}/complete`, keys[2], { reason: 'x'.repeat(501) }),
      ])
    const first = await ask()
    expect(first.map(({ status }) => status)).toEqual([412, 404, 400])
    const again = await ask()
    expect(again.slice(0, 2)).toEqual(first.slice(0, 2).map(answer => ({ ...answer, isReplayed: true })))
    expect(again[2]).toMatchObject({ status: 400, isReplayed: false })
  })
})

test('a test order is sent once per key', async () => {
  const key = newKey()
  const first = await send('/api/orders/test', key)
  expect(first).toMatchObject({ status: 202, isReplayed: false })
  expect(await send('/api/orders/test', key)).toEqual({ ...first, isReplayed: true })
  expect((await send('/api/orders/test', newKey())).text).not.toBe(first.text)
})

test('a dead letter is replayed or discarded once per key, and the outcome is repeated', async () => {
  const order = newOrder()
  const [replayed, discarded] = await seedDeadLetters(t.pool, 'ORDER_INVALID', [JSON.stringify(order), '{'])
  const asks = [
    [`/api/dead-letters/${replayed}/replay`, { reason: 'mended' }],
    [`/api/dead-letters/${discarded}/discard`, { reason: 'no order' }],
  ] as const
  for (const [path, body] of asks) {
    const key = newKey()
    const first = await send(path, key, body)
    expect(first).toMatchObject({ status: 200, isReplayed: false })
    expect(await send(path, key, body)).toEqual({ ...first, isReplayed: true })
    expect(codeOf(await send(path, newKey(), body))).toBe('DEAD_LETTER_TAKEN')
  }
  expect(await eventsOf(order.order_uid)).toEqual(['order.placed'])
})

test('a request that is rejected unread leaves the key free for the corrected one', async () => {
  const order = newOrder()
  const key = newKey()
  expect((await send('/api/orders', key, '{')).status).toBe(400)
  expect((await send('/api/orders', key, 'x', { 'content-type': 'text/plain' })).status).toBe(415)
  expect((await send('/api/orders', key, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413)
  expect(await send('/api/orders', key, order)).toMatchObject({ status: 201, isReplayed: false })
})

test('a claim whose process died is taken over once it has expired, by the same request only', async () => {
  const order = newOrder()
  const key = newKey()
  await send('/api/orders', key, order)
  // As if the process had been killed before its transaction: the claim is all that is left.
  await t.pool.query('delete from idempotency_answers where key = $1', [key])
  for (const table of ['orders', 'order_items', 'events']) {
    await t.pool.query(`delete from ${table} where ${table === 'events' ? 'stream_id' : 'order_uid'} = $1`, [
      order.order_uid,
    ])
  }
  await t.pool.query('delete from ledger_transfers where orders = 1 and transfer_id like $1', [`${order.order_uid}:%`])
  expect(codeOf(await send('/api/orders', key, order))).toBe('IDEMPOTENCY_KEY_IN_USE')
  expect(codeOf(await send('/api/orders', key, newOrder()))).toBe('IDEMPOTENCY_KEY_REUSED')
  await endClaims()
  expect(codeOf(await send('/api/orders', key, newOrder()))).toBe('IDEMPOTENCY_KEY_REUSED')
  expect(await send('/api/orders', key, order)).toMatchObject({ status: 201, isReplayed: false })
  expect(await send('/api/orders', key, order)).toMatchObject({ status: 201, isReplayed: true })
  expect(await eventsOf(order.order_uid)).toEqual(['order.placed'])
})

test('requests with a key are counted by outcome', async () => {
  const text = await (await t.call('GET', '/metrics')).text()
  for (const outcome of ['first', 'replayed', 'conflict', 'mismatch']) {
    expect(text).toMatch(new RegExp(`^idempotent_requests_total\\{outcome="${outcome}"\\} [1-9]`, 'm'))
  }
})
