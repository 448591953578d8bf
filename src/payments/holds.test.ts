import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { createPaymentApp } from '../../test/payments.ts'

/** Unpaid orders expire after 10 minutes here, and payments that are under way keep theirs from it for 30. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let shiftMs = 0

beforeAll(async () => {
  const env = { UNPAID_EXPIRES_AFTER_MINUTES: '10', PAYMENT_HOLD_MAX_MINUTES: '30' }
  t = await createPaymentApp({ now: () => Date.now() + shiftMs, env })
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

/** Runs the expiry until an order is in a state. */
async function expireUntil(uid: string, state: string): Promise<void> {
  const expiry = t.app.running.flatMap(({ workers = [] }) => workers).find(({ name }) => name === 'order expiry')
  if (expiry === undefined) throw new Error('nothing expires orders')
  const stop = new AbortController()
  const running = expiry.run(stop.signal)
  await eventually(`the order is ${state}`, async () => (await t.stateOf(uid)) === state)
  stop.abort()
  await running
}

test('an unpaid order does not expire while its payment is under way, up to PAYMENT_HOLD_MAX_MINUTES', async () => {
  const [bare, asked, unknown] = [await t.place(), await t.place(), await t.place()]
  const { id, state } = await t.pay(asked.uid, { method_token: 'tok_action' })
  expect(state).toBe('requires_action')
  expect((await t.pay(unknown.uid, { method_token: 'tok_timeout' })).state).toBe('processing')
  shiftMs += 11 * 60_000
  await expireUntil(bare.uid, 'expired unpaid')
  for (const { uid } of [asked, unknown]) expect(await t.stateOf(uid)).toBe('pending unpaid')
  // What comes in meanwhile pays the order.
  await t.settle()
  expect(await t.stateOf(unknown.uid)).toBe('confirmed paid')
  shiftMs += 20 * 60_000
  await expireUntil(asked.uid, 'expired unpaid')
  // The payer can confirm no more.
  await t.settle()
  expect(await t.read(`/api/payments/${id}`)).toMatchObject({ state: 'voided', next_action: null })
  expect(await t.stateOf(asked.uid)).toBe('expired voided')
})
