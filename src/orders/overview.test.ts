import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/kafka.ts'
import { makeOrders } from '../../test/orders.ts'
import { readSums } from './overview-queries.ts'
import type { OverviewView } from './overview-view.ts'
import { startOfDay } from './overview-routes.ts'
import { mergeTallies } from './tally.ts'

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

async function ask(test: TestApp, query = ''): Promise<OverviewView> {
  const response = await test.call('GET', `/api/overview${query}`)
  expect(response.status).toBe(200)
  return (await response.json()) as OverviewView
}

describe('without any order', () => {
  let empty: TestApp
  beforeAll(async () => {
    empty = await createTestApp()
  })
  afterAll(() => empty.close())

  test('all counts are zero, and the charts have their whole length', async () => {
    const overview = await ask(empty)
    expect(overview.today).toMatchObject({ orders: 0, sums: [] })
    expect(overview.recent.orders).toEqual(new Array(90).fill(0))
    expect(overview.day.orders).toEqual(new Array(144).fill(0))
    expect(Object.values(overview.statuses)).toEqual([0, 0, 0, 0, 0, 0])
    expect(overview.dead_letters).toBe(0)
    expect(overview.lags).toEqual({ relay_seconds: null, consumer_messages: null })
  })

  test.each(['utc_offset=7', 'utc_offset=900', 'utc_offset=-735', 'utc_offset=x', 'offset=60'])(
    '%s is refused by name',
    async query => {
      const response = await empty.call('GET', `/api/overview?${query}`)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        code: 'REQUEST_INVALID',
        errors: [{ pointer: `/${query.split('=')[0]}` }],
      })
    },
  )
})

describe('with orders', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
  })
  afterAll(() => app.close())

  test('each is counted once, by the time it came in, and sums go beyond what a number holds', async () => {
    const orders = makeOrders(200, 'overview').map((order, index) => ({
      ...order,
      payment: { ...order.payment, currency: index % 4 === 0 ? 'JPY' : 'USD', payment_dt: index % 10 === 0 ? 0 : 1 },
    }))
    const amount = Number.MAX_SAFE_INTEGER
    const free = { delivery_cost: 0, custom_fee: 0, goods_total: amount, amount, currency: 'KWD' }
    const dear = orders.slice(0, 3).map((order, index) => ({
      ...order,
      order_uid: `dear-${index}`,
      payment: { ...order.payment, ...free },
      items: order.items.slice(0, 1).map(item => ({ ...item, sale: 0, price: amount, total_price: amount })),
    }))
    const all = [...orders, ...dear]
    const body = all.map(order => JSON.stringify(order)).join('\n')
    const headers = { 'content-type': 'application/x-ndjson' }
    const answers = await (await app.call('POST', '/api/orders/batch', { body, headers })).text()
    expect(answers.split('"outcome":"placed"').length - 1).toBe(all.length)
    // Where it is about noon now, no midnight can come between.
    const { today, recent, day, statuses } = await ask(app, `?utc_offset=${(12 - new Date().getUTCHours()) * 60}`)
    expect(sum(recent.orders)).toBe(all.length)
    expect(sum(day.orders)).toBe(all.length)
    expect(today.orders).toBe(all.length)
    const sumOf = (currency: string) =>
      sum(all.filter(({ payment }) => payment.currency === currency).map(({ payment }) => payment.amount))
    const sums = [
      { currency: 'USD', orders: 150, amount: String(sumOf('USD')) },
      { currency: 'JPY', orders: 50, amount: String(sumOf('JPY')) },
      { currency: 'KWD', orders: 3, amount: String(BigInt(amount) * 3n) },
    ]
    expect(today.sums).toEqual(sums)
    const rows = async () => (await app.pool.query('select bucket, currency from order_tallies')).rowCount ?? 0
    await app.pool.query("update order_tallies set bucket = bucket - interval '2 minutes'")
    await Promise.all([mergeTallies(app.pool, new Date(0)), mergeTallies(app.pool, new Date(0))])
    expect(await rows()).toBe(
      (await app.pool.query('select distinct bucket, currency from order_tallies')).rowCount ?? 0,
    )
    expect(await readSums(app.pool, Date.parse(today.from))).toEqual(sums)
    const unpaid = all.filter(({ payment }) => payment.payment_dt === 0).length
    expect(statuses).toMatchObject({ pending: unpaid, confirmed: all.length - unpaid, cancelled: 0 })
  })

  test('the orders that came in last are those of the log, whatever their dates say, with their state of now', async () => {
    const [order] = makeOrders(1, 'latest')
    const body = { ...order, date_created: '2001-02-03T04:05:06Z' }
    expect((await app.call('POST', '/api/orders', { body })).status).toBe(201)
    expect((await app.call('POST', '/api/orders/latest-0/hold', { body: {} })).status).toBe(200)
    // An earlier result is reused for a second.
    await eventually('the newest order is the latest', async () => {
      const { latest } = await ask(app)
      expect(latest).toHaveLength(20)
      return latest[0]?.order_uid === 'latest-0' && latest[0].status === 'on_hold'
    })
    expect((await ask(app)).latest[0]).toMatchObject({
      amount: order?.payment.amount,
      currency: order?.payment.currency,
    })
  })

  test('the answer is the same object for a second, also for those who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(app)))
    expect(new Set(answers.map(({ recent }) => recent.from)).size).toBe(1)
  })
})

describe('the start of a day', () => {
  const at = (text: string) => Date.parse(text)
  test.each([
    ['2026-03-01T00:00:00.000Z', 0, '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T23:59:59.999Z', 0, '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T23:30:00.000Z', 60, '2026-03-01T23:00:00.000Z'],
    ['2026-03-01T00:30:00.000Z', -60, '2026-02-28T01:00:00.000Z'],
    ['2026-03-01T18:20:00.000Z', 345, '2026-03-01T18:15:00.000Z'],
  ])('at %s, %i minutes ahead, was at %s', (now, offset, start) => {
    expect(new Date(startOfDay(at(now), offset)).toISOString()).toBe(start)
  })
})
