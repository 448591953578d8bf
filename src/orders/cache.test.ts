import { expect, test } from 'bun:test'
import { OrderCache } from './cache.ts'
import { initialState } from './order.ts'
import type { StoredOrder } from './queries.ts'

const order = (orderUid: string, version = 1, size = 100): StoredOrder => ({
  orderUid,
  version,
  document: JSON.stringify({ order_uid: orderUid, filler: 'x'.repeat(size) }),
  state: initialState(true),
  updatedAt: new Date('2026-01-01T00:00:00.000Z'),
})

const isInStep = () => true

const placed = (orderUid: string, version = 1, size = 100) => ({ ...order(orderUid, version, size), customerId: 'c' })

/** A database whose answers the test gives when it likes. */
function slowLoads() {
  const asked: { orderUid: string; answer: (order: StoredOrder | undefined) => void; fail: (error: Error) => void }[] =
    []
  const load = (orderUid: string) =>
    new Promise<StoredOrder | undefined>((answer, fail) => asked.push({ orderUid, answer, fail }))
  return { asked, load }
}

const versionOf = (found: Awaited<ReturnType<OrderCache['get']>>) => found?.etag

test('concurrent misses of an order read the database once', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  const asking = Array.from({ length: 100 }, () => cache.get('a'))
  expect(asked).toHaveLength(1)
  asked[0]?.answer(order('a'))
  const found = await Promise.all(asking)
  expect(found.every(entry => versionOf(entry) === '"1"')).toBe(true)
  expect(cache.get('a')).not.toBeInstanceOf(Promise)
})

test('a missing order is not cached, since it may be stored later', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  const first = cache.get('a')
  asked[0]?.answer(undefined)
  expect(await first).toBeUndefined()
  void cache.get('a')
  expect(asked).toHaveLength(2)
})

test('a failed read is not cached', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  const first = cache.get('a')
  asked[0]?.fail(new Error('gone'))
  expect(first).rejects.toThrow('gone')
  await Promise.resolve(first).catch(() => undefined)
  const second = cache.get('a')
  asked[1]?.answer(order('a'))
  expect(versionOf(await second)).toBe('"1"')
})

test('an order that was read before a change does not enter the cache after the notification', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  const before = cache.get('a')
  cache.forget('a', 2)
  const after = cache.get('a')
  expect(asked).toHaveLength(2)
  asked[0]?.answer(order('a', 1))
  await before
  expect(cache.get('a')).toBeInstanceOf(Promise)
  asked[1]?.answer(order('a', 2))
  expect(versionOf(await after)).toBe('"2"')
  cache.keep([placed('a', 1)])
  cache.fill([order('a', 1)], cache.epoch)
  expect(versionOf(await cache.get('a'))).toBe('"2"')
})

test('the cache stays within its bytes and evicts the least recently used order', async () => {
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load: async uid => order(uid, 1, 1000), isInStep })
  for (let index = 0; index < 10_000; index += 1) {
    await cache.get(`order-${index}`)
    await cache.get('order-0')
    cache.keep([placed(`placed-${index}`, 1, 1000)])
  }
  expect(cache.stats().bytes).toBeLessThanOrEqual(1_000_000)
  expect(cache.stats().bytes).toBeGreaterThan(500_000)
  expect(cache.get('order-0')).not.toBeInstanceOf(Promise)
  expect(cache.get('order-1')).toBeInstanceOf(Promise)
})

test('the last orders that were placed here are served without a read until they are changed', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  for (let index = 0; index < 1_000; index += 1) cache.keep([placed(`order-${index}`, 1, 1000)])
  expect(versionOf(await cache.get('order-999'))).toBe('"1"')
  expect(cache.get('order-999')).toBe(cache.get('order-999'))
  expect(asked).toHaveLength(0)
  void cache.get('order-0')
  expect(asked).toHaveLength(1)
  cache.forget('order-999', 2)
  cache.keep([placed('order-999', 1)])
  expect(cache.get('order-999')).toBeInstanceOf(Promise)
  cache.clear()
  expect(cache.get('order-998')).toBeInstanceOf(Promise)
  expect(cache.stats()).toMatchObject({ orders: 0, bytes: 0 })
})

test('the cache is filled ahead only as far as there is room, and newer entries stay', async () => {
  const cache = new OrderCache({ sizeBytesMax: 100_000, load: async () => undefined, isInStep })
  cache.keep([placed('a', 3)])
  expect(cache.fill([order('a', 1), order('b', 1)], cache.epoch)).toBe(true)
  expect(versionOf(await cache.get('a'))).toBe('"3"')
  expect(
    cache.fill(
      Array.from({ length: 1000 }, (_, index) => order(`order-${index}`)),
      cache.epoch,
    ),
  ).toBe(false)
  expect(cache.stats().bytes).toBeLessThan(100_000)
})

test('an instance out of step does not use the cache, and orders that it reads meanwhile do not enter it', async () => {
  let hasNews = true
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep: () => hasNews })
  cache.keep([placed('a', 1)])
  expect(versionOf(await cache.get('a'))).toBe('"1"')
  hasNews = false
  const read = cache.get('a')
  asked[0]?.answer(order('a', 2))
  expect(versionOf(await read)).toBe('"2"')
  const again = cache.get('a')
  asked[1]?.answer(order('a', 3))
  expect(versionOf(await again)).toBe('"3"')
})

test('an order that was read before the cache was cleared does not enter it, whenever it arrives', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  const before = cache.get('a')
  const { epoch } = cache
  cache.clear()
  asked[0]?.answer(order('a', 1))
  expect(versionOf(await before)).toBe('"1"')
  expect(cache.fill([order('a', 1)], epoch)).toBe(false)
  expect(cache.get('a')).toBeInstanceOf(Promise)
  expect(asked).toHaveLength(2)
})

test('an order that was placed here is read as it was changed here; one that somebody else changed meanwhile is not', async () => {
  const { asked, load } = slowLoads()
  const cache = new OrderCache({ sizeBytesMax: 1_000_000, load, isInStep })
  cache.keep([placed('own'), placed('other'), placed('late'), placed('told')])
  const state = { ...initialState(false), paymentStatus: 'paid', status: 'confirmed' } as const
  const updatedAtMs = Date.parse('2026-01-02T00:00:00.000Z')
  const change = (orderUid: string, version: number) => cache.change({ orderUid, version, state, updatedAtMs })
  change('own', 2)
  expect(cache.find('own')?.etag).toBe('"2"')
  expect(JSON.parse(cache.find('own')?.text ?? '')).toMatchObject({
    ...{ order_uid: 'own', status: 'confirmed', payment_status: 'paid', version: 2 },
    updated_at: '2026-01-02T00:00:00.000Z',
  })
  // The news of the change came before its writer had the answer to the commit.
  cache.forget('told', 2)
  change('told', 2)
  expect(cache.find('told')?.etag).toBe('"2"')
  // Its second version was written by another instance, and may have another document.
  change('other', 3)
  // The news of a later version came first.
  cache.forget('late', 3)
  change('late', 2)
  // Nothing is known of it here.
  change('unknown', 2)
  expect(['other', 'late', 'unknown'].map(uid => cache.find(uid))).toEqual([undefined, undefined, undefined])
  cache.forget('own', 2)
  expect(cache.find('own')).toBeUndefined()
  expect(asked).toHaveLength(0)
})
