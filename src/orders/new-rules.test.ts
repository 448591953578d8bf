import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { consumerOfOrders } from '../../test/topic-consumers.ts'
import type { OrderDocument } from './document.ts'
import { exampleOrder } from './example.ts'
import { anyInstantOf } from '../platform/instant.ts'
import { encodeCursor } from './list-query.ts'

/** Orders stored under earlier rules stay readable, and are recognized when they are sent again. */

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

const json = async (response: Response) => JSON.parse(await response.text())
const post = (body: unknown) => t.call('POST', '/api/orders', { body })

type Change = { currency?: string; created?: string; delivery?: object; payment?: object }

let made = 0
function newOrder(change: Change = {}): OrderDocument {
  made += 1
  const order = exampleOrder(`rule-${made}`, Date.UTC(2024, 5, 1), () => 0)
  const { currency = 'USD', created = order.date_created } = change
  const payment = { ...order.payment, currency, ...change.payment }
  return { ...order, delivery: { ...order.delivery, ...change.delivery }, payment, date_created: created }
}

/** Stores an order as the build before the rules did. */
async function store(order: OrderDocument): Promise<void> {
  const { country: _, ...delivery } = order.delivery
  const { discount_total: __, tax_total: ___, ...payment } = order.payment
  const allowed = { ...order, delivery, payment: { ...payment, currency: 'USD' }, date_created: '2024-06-01T00:00:00Z' }
  expect((await post(allowed)).status).toBe(201)
  await t.pool.query(
    'update orders set document = $2, currency = $3, created_at = $4, document_crc32 = null where order_uid = $1',
    [
      order.order_uid,
      JSON.stringify(order),
      order.payment.currency,
      new Date(anyInstantOf(order.date_created) ?? Number.NaN),
    ],
  )
  t.app.cache.clear()
}

/** What each breaks, and where. The last ones hold something else in fields that the contract did not know. */
const outdated: Record<string, [string, Change]> = {
  'a currency that was withdrawn before': ['/payment/currency', { currency: 'HRK' }],
  'a currency that never was': ['/payment/currency', { currency: 'CNH' }],
  'a time in the year 10000': ['/date_created', { created: '9999-12-31T23:59:59-01:00' }],
  'a time in the year 0': ['/date_created', { created: '0001-01-01T00:00:00+14:00' }],
  'the name of a country': ['/delivery/country', { delivery: { country: 'Germany' } }],
  'a code that is no country': ['/delivery/country', { delivery: { country: 'UK' } }],
  'a tax that is in its prices': ['/payment/amount', { payment: { tax_total: 7 } }],
  'a tax as a text': ['/payment/tax_total', { payment: { tax_total: '7' } }],
  'a discount below 0': ['/payment/discount_total', { payment: { discount_total: -7 } }],
}

describe.each(Object.entries(outdated))('an order with %s', (_, [pointer, change]) => {
  test('is refused when it is new', async () => {
    const order = newOrder(change)
    const refused = await post(order)
    expect(refused.status).toBe(400)
    expect(await json(refused)).toMatchObject({ code: 'ORDER_INVALID', errors: [{ pointer }] })
    expect((await t.call('GET', `/api/orders/${order.order_uid}`)).status).toBe(404)
  })

  test('is a duplicate when it is stored, and invalid as soon as anything in it differs', async () => {
    const order = newOrder(change)
    await store(order)
    const read = await json(await t.call('GET', `/api/orders/${order.order_uid}`))
    const { payment, delivery, date_created } = order
    expect(read).toMatchObject({ payment, delivery, date_created })
    expect((await post(order)).status).toBe(200)
    expect((await post(JSON.stringify(order, undefined, 1))).status).toBe(200)
    expect(await json(await post({ ...order, locale: 'de' }))).toMatchObject({ status: 400, errors: [{ pointer }] })
  })

  test('is the same in a batch, by Kafka and as a dead letter', async () => {
    const [known, fresh] = [newOrder(change), newOrder(change)]
    await store(known)
    const lines = [newOrder(), known, fresh, newOrder()].map(order => JSON.stringify(order))
    const answer = await t.call('POST', '/api/orders/batch', { body: lines.join('\n') })
    const results = (await answer.text())
      .trim()
      .split('\n')
      .slice(0, 4)
      .map(line => JSON.parse(line))
    expect(results.map(({ outcome }) => outcome)).toEqual(['placed', 'duplicate', 'refused', 'placed'])
    expect(results[2]).toMatchObject({ order_uid: fresh.order_uid, code: 'ORDER_INVALID', errors: [{ pointer }] })

    const counted: string[] = []
    const count = (outcome: string, messages: number) => void counted.push(`${messages} ${outcome}`)
    const consume = consumerOfOrders({ intake: t.app.intake, pool: t.pool, count })
    const message = { topic: 'orders', partition: 7, key: null, headers: [], timestampMs: 0 }
    await consume(
      [known, fresh].map((order, index) => ({
        ...message,
        offset: BigInt(1_000_000 + made * 10 + index),
        value: Buffer.from(JSON.stringify(order)),
      })),
    )
    expect(counted.sort()).toEqual(['1 ORDER_INVALID', '1 duplicate'])

    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', [known, fresh])
    const replays = await Promise.all(ids.map(id => t.call('POST', `/api/dead-letters/${id}/replay`)))
    expect(replays.map(({ status }) => status)).toEqual([200, 400])
  })
})

test('orders of the years 0 and 10000 that are stored are listed, paged, streamed, filtered and verified', async () => {
  const [first, last] = [
    newOrder({ created: '0001-01-01T00:00:00+14:00' }),
    newOrder({ created: '9999-12-31T23:59:60-23:59' }),
  ]
  for (const order of [first, last]) await store({ ...order, customer_id: 'far' })
  for (const [sort, wanted] of [
    ['newest', [last, first]],
    ['oldest', [first, last]],
  ] as const) {
    const seen: string[] = []
    let path = `/api/orders?customer_id=far&sort=${sort}&limit=1`
    for (let pages = 0; pages < 5; pages += 1) {
      const response = await t.call('GET', path)
      expect(response.status).toBe(200)
      seen.push(...(await json(response)).map((order: OrderDocument) => order.order_uid))
      const next = /<[^>]*\?([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
      if (next === undefined) break
      path = `/api/orders?${next}`
    }
    expect(seen).toEqual(wanted.map(order => order.order_uid))
  }
  const stream = await t.call('GET', '/api/orders?customer_id=far', { headers: { accept: 'application/x-ndjson' } })
  expect((await stream.text()).trim().split('\n')[0]).toContain(last.order_uid)
  const before = await t.call('GET', '/api/orders?customer_id=far&to=0001-01-01T00:00:00Z')
  expect((await json(before)).map((order: OrderDocument) => order.order_uid)).toEqual([first.order_uid])
  // These orders were put there by hand, and are in no sum and no books.
  expect((await brokenRules(t.pool)).map(({ invariant }) => invariant)).toEqual(['order-totals', 'ledger-arrivals'])
})

test('the first and the last instant that are accepted are listed, filtered, streamed and published', async () => {
  const created = [
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.9999Z',
    '9999-12-31T22:59:59.5-01:00',
    '2016-12-31T23:59:60Z',
  ]
  const orders = created.map(text => ({ ...newOrder({ created: text }), customer_id: 'edge' }))
  for (const order of orders) expect((await post(order)).status).toBe(201)
  for (const query of [
    '',
    '&limit=1',
    '&sort=oldest&limit=1',
    '&from=0001-01-01T00:00:00Z',
    '&to=9999-12-31T23:59:59.999Z',
  ]) {
    const response = await t.call('GET', `/api/orders?customer_id=edge${query}`)
    expect([query, response.status]).toEqual([query, 200])
    expect((await json(response)).length).toBeGreaterThan(0)
  }
  for (const order of orders) {
    const events = await t.call('GET', `/api/orders/${order.order_uid}/events`)
    expect((await json(events))[0]?.data).toMatchObject({ date_created: order.date_created })
  }
})

test('times and cursors that no answer can contain are refused by name', async () => {
  const cursor = (ms: number) => encodeCursor({ createdAtMs: ms, orderUid: 'x' })
  for (const [query, pointer] of [
    ['from=0001-01-01T00:00:00%2B14:00', '/from'],
    ['to=9999-12-31T23:59:59-01:00', '/to'],
    ['to=0000-01-01T00:00:00Z', '/to'],
    [`cursor=${cursor(999_999_999_999_999)}`, '/cursor'],
    [`cursor=${cursor(-999_999_999_999_999)}`, '/cursor'],
  ]) {
    const response = await t.call('GET', `/api/orders?${query}`)
    expect([query, response.status]).toEqual([query, 400])
    expect((await json(response)).errors).toMatchObject([{ pointer }])
  }
})
