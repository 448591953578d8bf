import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { exampleOrder } from './example.ts'
import { encodeCursor } from './list-query.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

/** An answer of whatever shape; what is not there is undefined, and fails the expectation. */
const json = async (response: Response) => JSON.parse(await response.text())

describe('GET /api/orders', () => {
  const day = Date.parse('2031-05-01T00:00:00Z')
  const list = async (query: string, headers: Record<string, string> = {}) => {
    const response = await t.call('GET', `/api/orders?${query}`, { headers })
    return { response, uids: async () => uidsOf(await json(response)) }
  }
  const uidsOf = (orders: { order_uid: string }[]) => orders.map(order => order.order_uid)
  /** Newest first; the third and fourth have the same time. */
  const orders = [5, 4, 3, 3, 2, 1, 0].map((hour, index) => ({
    ...exampleOrder(`list-${9 - index}`, day + hour * 3_600_000, Math.random),
    customer_id: index % 2 === 0 ? 'even\ttab' : 'odd',
    track_number: `TRACK-${index}`,
  }))

  beforeAll(async () => {
    for (const order of orders) expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    await t.pool.query(
      `update orders set status = 'cancelled', payment_status = 'refunded', version = 2 where order_uid = 'list-5'`,
    )
  })

  const window = 'from=2031-05-01T00:00:00Z&to=2031-05-02T00:00:00%2B00:00'

  /** Reads page after page. @returns the uids of all of them */
  async function followPages(query: string): Promise<string[]> {
    const seen: string[] = []
    for (let next: string | undefined = query; next !== undefined; ) {
      const { response, uids }: Awaited<ReturnType<typeof list>> = await list(next)
      seen.push(...(await uids()))
      next = /^<orders\?([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    }
    return seen
  }

  test('gives pages newest first, linked by a cursor, each order once', async () => {
    expect(await followPages(`${window}&limit=2`)).toEqual(uidsOf(orders))
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
    expect(await uids()).toEqual(uidsOf(indexes.flatMap(index => orders[index] ?? [])))
  })

  test('gives pages oldest first when asked to, linked by a cursor, each order once, also as a stream', async () => {
    expect(await followPages(`${window}&sort=oldest&limit=2`)).toEqual(uidsOf(orders).reverse())
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
