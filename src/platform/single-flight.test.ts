import { expect, test } from 'bun:test'
import { singleFlight } from './single-flight.ts'

/** Answers 1, 2, 3 …, each after a number of milliseconds of a clock that only the test moves. */
function counting(tookMs: number) {
  let nowMs = 0
  let made = 0
  const ask = singleFlight({
    freshMs: 1_000,
    restShare: 20,
    now: () => nowMs,
    async make() {
      made += 1
      nowMs += tookMs
      return made
    },
  })
  return {
    ask,
    pass(ms: number) {
      nowMs += ms
    },
  }
}

test('callers share a result while it is being made or fresh, and later ones get another', async () => {
  const { ask, pass } = counting(1)
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1])
  pass(999)
  expect(await ask()).toBe(1)
  pass(1)
  expect(await Promise.all([ask(), ask()])).toEqual([2, 2])
})

test('a result that took long is reused twenty times as long', async () => {
  const { ask, pass } = counting(500)
  expect(await ask()).toBe(1)
  pass(9_999)
  expect(await ask()).toBe(1)
  pass(1)
  expect(await ask()).toBe(2)
})

test('a failure reaches those who waited for it, and is not kept', async () => {
  let isDown = true
  const ask = singleFlight({
    freshMs: 1_000,
    now: () => 0,
    make: async () => {
      if (isDown) throw new Error('down')
      return 'up'
    },
  })
  expect((await Promise.allSettled([ask(), ask()])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isDown = false
  expect(await ask()).toBe('up')
})
