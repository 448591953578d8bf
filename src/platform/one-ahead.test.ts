import { expect, test } from 'bun:test'
import { oneAhead } from './one-ahead.ts'

test('the next value is made while one is used, and a failure comes behind the values before it', async () => {
  const made: number[] = []
  async function* source() {
    for (const value of [1, 2]) {
      made.push(value)
      yield value
    }
    throw new Error('broken')
  }
  const used: number[] = []
  const all = async () => {
    for await (const value of oneAhead(source())) {
      used.push(value)
      if (value === 1) expect(made).toEqual([1, 2])
    }
  }
  await expect(all()).rejects.toThrow('broken')
  expect(used).toEqual([1, 2])
})

test('a source whose values are not wanted any more is ended', async () => {
  const ended = Promise.withResolvers<void>()
  async function* source() {
    try {
      for (;;) yield 1
    } finally {
      ended.resolve()
    }
  }
  for await (const _ of oneAhead(source())) break
  await ended.promise
})
