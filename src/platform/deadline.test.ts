import { describe, expect, spyOn, test } from 'bun:test'
import { settledWithin, withDeadline } from './deadline.ts'

const never = new Promise<string>(() => undefined)
const fail = () => {
  throw new Error('late')
}

describe('a deadline', () => {
  test('passes on what settles in time', async () => {
    expect(await withDeadline(Promise.resolve('done'), 60_000, fail)).toBe('done')
    await expect(withDeadline(Promise.reject(new Error('broken')), 60_000, fail)).rejects.toThrow('broken')
  })

  test('gives another result, or fails, when nothing comes', async () => {
    expect(await withDeadline(never, 1, () => 'another')).toBe('another')
    expect(await settledWithin(never, 1)).toBeUndefined()
    await expect(withDeadline(never, 1, fail)).rejects.toThrow('late')
  })

  test('ignores a rejection that comes too late', async () => {
    const { promise, reject } = Promise.withResolvers<string>()
    expect(await settledWithin(promise, 1)).toBeUndefined()
    reject(new Error('nobody waits for this any more'))
    await expect(promise).rejects.toThrow('nobody')
  })

  test('leaves no timer behind', async () => {
    const set = spyOn(globalThis, 'setTimeout')
    const cleared = spyOn(globalThis, 'clearTimeout')
    try {
      await settledWithin(Promise.resolve(), 3_600_000)
      await settledWithin(Promise.reject(new Error('broken')), 3_600_000).catch(() => undefined)
      expect(set.mock.results.length).toBe(2)
      const timers: unknown[] = set.mock.results.map(({ value }) => value)
      expect(cleared.mock.calls.map(([timer]): unknown => timer)).toEqual(timers)
    } finally {
      set.mockRestore()
      cleared.mockRestore()
    }
  })
})
