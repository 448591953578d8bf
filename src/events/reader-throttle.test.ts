import { expect, test } from 'bun:test'
import { ReaderThrottle } from './reader-throttle.ts'

const never = new AbortController().signal
const mebibytes = 1024 * 1024

/** A throttle on a clock of its own; `order` is who has passed. */
function pace() {
  const state = { nowMs: 0, order: [] as string[] }
  const throttle = new ReaderThrottle(() => state.nowMs)
  const acquire = async (name: string, sizeBytes: number, stop = never) => {
    await throttle.acquire(sizeBytes, stop)
    state.order.push(name)
  }
  return { state, acquire, throttle }
}

test('readers pass at once while the intake has time', async () => {
  const { state, acquire } = pace()
  await Promise.all([acquire('one', 100 * mebibytes), acquire('other', 100 * mebibytes)])
  expect(state.order).toEqual(['one', 'other'])
})

test('under overload all readers share a number of bytes a second, in turn', async () => {
  const { state, acquire, throttle } = pace()
  throttle.overloaded()
  const passing = [acquire('first', 8 * mebibytes), acquire('second', 4 * mebibytes), acquire('third', mebibytes)]
  await passing[0]
  expect(state.order).toEqual(['first'])
  state.nowMs = 1_000
  throttle.overloaded()
  await passing[1]
  expect(state.order).toEqual(['first', 'second'])
  state.nowMs = 1_500
  await passing[2]
  expect(state.order).toEqual(['first', 'second', 'third'])
})

test('no reader waits any longer when the overload is over, or the service stops', async () => {
  const { state, acquire, throttle } = pace()
  const stop = new AbortController()
  throttle.overloaded()
  const passing = [
    acquire('first', 80 * mebibytes),
    acquire('stopped', 80 * mebibytes, stop.signal),
    acquire('later', mebibytes),
  ]
  await passing[0]
  stop.abort()
  await passing[1]
  expect(state.order).toEqual(['first', 'stopped'])
  state.nowMs = 1_000
  await passing[2]
  throttle.overloaded()
  await acquire('fresh', mebibytes)
  expect(state.order).toEqual(['first', 'stopped', 'later', 'fresh'])
})
