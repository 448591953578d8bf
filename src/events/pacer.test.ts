import { expect, test } from 'bun:test'
import { Pacer } from './pacer.ts'

const never = new AbortController().signal
const mebibytes = 1024 * 1024

/** A pacer on a clock of its own; `order` is who has passed. */
function pace() {
  const state = { nowMs: 0, order: [] as string[] }
  const pacer = new Pacer(() => state.nowMs)
  const pass = async (name: string, sizeBytes: number, stop = never) => {
    await pacer.pass(sizeBytes, stop)
    state.order.push(name)
  }
  return { state, pass, pacer }
}

test('while the intake has time everybody passes at once', async () => {
  const { state, pass } = pace()
  await Promise.all([pass('one', 100 * mebibytes), pass('other', 100 * mebibytes)])
  expect(state.order).toEqual(['one', 'other'])
})

test('in a rush all of them pass so many bytes a second together, in turn', async () => {
  const { state, pass, pacer } = pace()
  pacer.rush()
  const passing = [pass('first', 8 * mebibytes), pass('second', 4 * mebibytes), pass('third', mebibytes)]
  await passing[0]
  expect(state.order).toEqual(['first'])
  state.nowMs = 1_000
  pacer.rush()
  await passing[1]
  expect(state.order).toEqual(['first', 'second'])
  state.nowMs = 1_500
  await passing[2]
  expect(state.order).toEqual(['first', 'second', 'third'])
})

test('nobody waits any longer when the rush is over, or the service stops', async () => {
  const { state, pass, pacer } = pace()
  const stop = new AbortController()
  pacer.rush()
  const passing = [
    pass('first', 80 * mebibytes),
    pass('stopped', 80 * mebibytes, stop.signal),
    pass('later', mebibytes),
  ]
  await passing[0]
  stop.abort()
  await passing[1]
  expect(state.order).toEqual(['first', 'stopped'])
  state.nowMs = 1_000
  await passing[2]
  pacer.rush()
  await pass('fresh', mebibytes)
  expect(state.order).toEqual(['first', 'stopped', 'later', 'fresh'])
})
