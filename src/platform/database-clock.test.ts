import { expect, test } from 'bun:test'
import { DatabaseClock } from './database-clock.ts'

/** Clocks that a test sets. */
function clocks(wallMs: number) {
  const state = { wallMs, monotonicMs: 5_000 }
  const clock = new DatabaseClock({ wall: () => state.wallMs, monotonic: () => state.monotonicMs })
  return { state, clock }
}

const hourMs = 3_600_000

test('the time is the database’s, whatever the system clock says, and advances between two reads', () => {
  const { state, clock } = clocks(1_000_000 + 48 * hourMs)
  expect(clock.now()).toBe(1_000_000 + 48 * hourMs)
  expect(clock.isRight()).toBe(false)
  clock.heard(1_000_000, 5_000, 5_000)
  expect(clock.now()).toBe(1_000_000)
  state.monotonicMs += 250
  state.wallMs -= 24 * hourMs
  expect(clock.now()).toBe(1_000_250)
})

test('a clock that is more than a minute off is not right, and is again when it is set', () => {
  const { state, clock } = clocks(1_000_000)
  clock.heard(1_000_000, 5_000, 5_000)
  expect([clock.isRight(), clock.offsetMs]).toEqual([true, 0])
  state.wallMs = 1_000_000 + 60_001
  expect([clock.isRight(), clock.offsetMs]).toEqual([false, 60_001])
  state.wallMs = 1_000_000 - hourMs
  expect([clock.isRight(), clock.offsetMs]).toEqual([false, -hourMs])
  state.wallMs = 1_000_000 - 59_999
  expect(clock.isRight()).toBe(true)
})

test('it may be the database’s clock that is wrong', () => {
  const { clock } = clocks(1_000_000)
  clock.heard(1_000_000, 5_000, 5_000)
  clock.heard(1_000_000 + 48 * hourMs, 5_000, 5_001)
  expect(clock.isRight()).toBe(false)
})

test('a slow answer moves the time only as far as it must', () => {
  const { clock } = clocks(0)
  clock.heard(1_000_000, 5_000, 5_010)
  expect(clock.now()).toBe(1_000_000 - 5)
  // Somewhere within four seconds: what is known agrees with it.
  clock.heard(1_002_000, 5_000, 9_000)
  expect(clock.now()).toBe(999_995)
  clock.heard(1_002_000, 5_000, 6_000)
  expect(clock.now()).toBe(1_001_000)
})
