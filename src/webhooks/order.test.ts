import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { CircuitBreaker } from './circuit-breaker.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { RetryQueue } from './retry-queue.ts'
import { deliveryRules, eventPatterns, pauseDelayMs, retryDelayMs, wantsType } from './webhook.ts'
import { LogWindow, type WindowEntry } from './window.ts'

const checkpoint = (position: number) => ({ xid: '1', position: String(position) })

describe('queue', () => {
  test('keep each key in its order and one at a time, whatever finishes when', () => {
    const steps = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), finish: fc.nat(5) }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, steps => {
        const queue = new KeyedQueue<number>()
        const running: { key: string; work: number }[] = []
        const done: Record<string, number[]> = { a: [], b: [], c: [] }
        const begin = () => {
          for (let next = queue.take(); next !== undefined; next = queue.take()) {
            expect(running.map(({ key }) => key)).not.toContain(next.key)
            running.push(next)
          }
        }
        const finish = (index: number) => {
          const [over] = running.splice(index % Math.max(running.length, 1), 1)
          if (over === undefined) return
          done[over.key]?.push(over.work)
          queue.done(over.key)
          begin()
        }
        steps.forEach(({ key, finish: index }, number) => {
          queue.add(key, number)
          begin()
          if (index > 2) finish(index)
        })
        while (running.length > 0) finish(0)
        for (const key of ['a', 'b', 'c']) {
          expect(done[key]).toEqual(steps.flatMap((step, number) => (step.key === key ? [number] : [])))
        }
      }),
    )
  })

  test('give back what waits behind work that failed, and are free again', () => {
    const queue = new KeyedQueue<number>()
    for (const work of [1, 2, 3]) queue.add('a', work)
    expect(queue.take()).toEqual({ key: 'a', work: 1 })
    expect(queue.take()).toBeUndefined()
    expect(queue.clear('a')).toEqual([2, 3])
    queue.add('a', 4)
    expect(queue.take()).toEqual({ key: 'a', work: 4 })
  })
})

describe('the window', () => {
  test('moves its checkpoint over what is done without a gap, in whatever order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(20).keys()], { minLength: 20 }), order => {
        const window = new LogWindow(checkpoint(0))
        const entries: WindowEntry[] = []
        for (let position = 1; position <= 20; position += 1) entries.push(window.add(checkpoint(position), 10))
        window.passTo(checkpoint(99))
        const done = new Set<number>()
        for (const index of order) {
          const entry = entries[index]
          if (entry !== undefined) window.done(entry)
          done.add(index)
          let first = 0
          while (done.has(first)) first += 1
          expect(window.doneUpTo).toEqual(first === 20 ? checkpoint(99) : checkpoint(first))
          expect(window.bytes).toBe(10 * (20 - done.size))
        }
      }),
    )
  })

  test('passes what is of no interest at once when nothing is under way', () => {
    const window = new LogWindow(checkpoint(0))
    window.passTo(checkpoint(7))
    expect(window.doneUpTo).toEqual(checkpoint(7))
    const entry = window.add(checkpoint(8), 1)
    window.passTo(checkpoint(9))
    expect(window.doneUpTo).toEqual(checkpoint(7))
    window.done(entry)
    window.done(entry)
    expect(window.doneUpTo).toEqual(checkpoint(9))
    expect(window.bytes).toBe(0)
  })
})

describe('the retry queue', () => {
  const event = (streamId: string, sequence: number, dueAtMs: number) => ({
    streamType: 'order',
    streamId,
    sequence,
    attempts: 0,
    dueAtMs,
    recordedAt: '',
  })

  test('tries events in the order of their sequence, one of a stream at a time', () => {
    const parked = new RetryQueue()
    const [second, first, other] = [event('a', 2, 0), event('a', 1, 10), event('b', 1, 5)]
    for (const each of [second, first, other, event('a', 1, 0)]) parked.add(each)
    expect(parked.count).toBe(3)
    expect(parked.takeDue(4)).toBeUndefined()
    expect(parked.takeDue(20)).toBe(first)
    expect(parked.takeDue(20)).toBe(other)
    expect(parked.takeDue(20)).toBeUndefined()
    parked.postpone(first, 1, 30)
    expect(parked.takeDue(29)).toBeUndefined()
    parked.makeDue(25)
    expect(parked.takeDue(25)).toBe(first)
    parked.remove(first)
    expect(parked.holds(event('a', 1, 0))).toBe(true)
    expect(parked.takeDue(25)).toBe(second)
    parked.remove(second)
    expect(parked.holds(event('a', 1, 0))).toBe(false)
    expect(parked.count).toBe(1)
  })
})

describe('the breaker', () => {
  test('pauses after failures in a row, asks with one request, and forgives at once', () => {
    const breaker = new CircuitBreaker(deliveryRules, null)
    for (let failure = 1; failure < 5; failure += 1) expect(breaker.failed(failure, 0.5, false)).toBeUndefined()
    expect(breaker.requestsMax(5)).toBe(deliveryRules.requestsMax)
    expect(breaker.failed(5, 0, false)).toBe(5_000)
    expect(breaker.failed(6, 0.5, false)).toBeUndefined()
    expect(breaker.failingSinceMs).toBe(1)
    expect(breaker.requestsMax(5_004)).toBe(0)
    expect(breaker.requestsMax(5_005)).toBe(1)
    expect(breaker.failed(5_005, 0, true)).toBe(10_000)
    expect(breaker.succeeded()).toBe(true)
    expect(breaker.failingSinceMs).toBeNull()
    expect(breaker.requestsMax(5_006)).toBe(deliveryRules.requestsMax)
    expect(breaker.succeeded()).toBe(false)
  })

  test('takes no receiver for down because of events that failed before', () => {
    const breaker = new CircuitBreaker(deliveryRules, null)
    for (let failure = 1; failure < 50; failure += 1) expect(breaker.failed(failure, 0, true)).toBeUndefined()
    expect(breaker.isOpen).toBe(false)
    expect(breaker.failingSinceMs).toBe(1)
  })
})

test('an event is tried ten times within a little more than three days, and a pause has an end', () => {
  const delays = Array.from({ length: 9 }, (_, index) => retryDelayMs(deliveryRules, index + 1, 0) ?? 0)
  const hours = delays.reduce((sum, delay) => sum + delay, 0) / 3_600_000
  expect(hours).toBeCloseTo(75.585, 2)
  // Nothing is given up before a receiver that takes nothing is disabled.
  expect(hours * 3_600_000).toBeGreaterThan(deliveryRules.disableAfterMs)
  expect(retryDelayMs(deliveryRules, 10, 0.5)).toBeUndefined()
  expect([0, 0.5, 1].map(random => retryDelayMs(deliveryRules, 1, random))).toEqual([5_000, 5_500, 6_000])
  expect(pauseDelayMs(deliveryRules, 60, 0)).toBe(600_000)
})

test('types are named one by one, by family, or all', () => {
  const patterns = eventPatterns(['order.placed', 'order.on_hold', 'payment.captured'])
  expect(patterns).toEqual(['*', 'order.*', 'payment.*', 'order.placed', 'order.on_hold', 'payment.captured'])
  expect(wantsType(['order.placed'], 'order.placed')).toBe(true)
  expect(wantsType(['order.placed'], 'order.on_hold')).toBe(false)
  expect(wantsType(['payment.*', 'order.*'], 'order.on_hold')).toBe(true)
  expect(wantsType(['order.*'], 'orders.merged')).toBe(false)
  expect(wantsType(['*'], 'stock.low')).toBe(true)
})
