import { describe, expect, test } from 'bun:test'
import { backoffMs } from './backoff.ts'

const backoff = { firstMs: 100, maxMs: 3_000 }

describe('the pause after a failure', () => {
  test('doubles up to its bound, however many there were', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 10_000].map(failures => backoffMs(backoff, failures, 1))
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000, 3_000])
  })

  test('is spread over the upper half of its bound', () => {
    expect([0, 0.25, 0.5, 0.999].map(random => backoffMs(backoff, 4, random))).toEqual([400, 500, 600, 800])
  })

  test('differs between instances that failed at the same moment', () => {
    const pauses = Array.from({ length: 100 }, () => backoffMs(backoff, 6, Math.random()))
    expect(new Set(pauses).size).toBeGreaterThan(50)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_500)
  })
})
