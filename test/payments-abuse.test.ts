import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp } from './app.ts'
import { type FakeStripe, startFakeStripe } from './fake-stripe.ts'
import { signStripeEvent } from './fake-stripe-events.ts'
import { eventually } from './kafka.ts'
import { createPaymentApp, paymentActions } from './payments.ts'
import { expectSameBooks } from './stripe-books.ts'

/** What users of other services report, by its name. Two instances share a database, a clock and a Stripe. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let other: ReturnType<typeof paymentActions> & Awaited<ReturnType<typeof createTestApp>>
let stripe: FakeStripe
let shiftMs = 0
const now = () => Date.now() + shiftMs
const stop = new AbortController()
let applying: Promise<unknown> | undefined

beforeAll(async () => {
  stripe = await startFakeStripe({ now })
  const env = {
    STRIPE_API_KEY: 'sk_test_fake',
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRETS: stripe.webhookSecret,
  }
  t = await createPaymentApp({ now, env })
  const app = await createTestApp({ pool: t.pool, now, env })
  other = { ...app, ...paymentActions(app) }
  const workers = app.app.running.flatMap(({ workers = [] }) => workers)
  applying = workers.find(({ name }) => name === 'provider events')?.run(stop.signal)
})

afterEach(() => expectSameBooks({ pool: t.pool, stripe, service: t }))

afterAll(async () => {
  stop.abort()
  await applying
  await stripe.close()
  await t.close()
})

const pay = (uid: string, body: object = {}) =>
  t.pay(uid, { provider: 'stripe', method_token: 'pm_card_visa', ...body })

/** The state of an order as the database has it: either instance may have changed it. */
async function stateOf(uid: string): Promise<string> {
  t.app.cache.clear()
  return t.stateOf(uid)
}

const refundsOf = async (id: string) => {
  const { operations } = await t.read<{ operations: { kind: string; state: string; amount: number }[] }>(
    `/api/payments/${id}`,
  )
  return operations.flatMap(({ kind, state, amount }) => (kind === 'refund' ? [`${state} ${amount}`] : []))
}

const isHanging = () => eventually('the call hangs', () => stripe.faults.length === 0)

async function settleLater(by = other): Promise<void> {
  shiftMs += 60_000
  await by.settle()
}

test('two refunds of 60 of a payment of 100 both pass', async () => {
  const { uid } = await t.place()
  const { id } = await pay(uid, { amount: 100 })
  // The first is on its way, and the second comes at another instance.
  stripe.fail({ path: '/refunds', kind: 'hang' })
  const first = t.ask(`/api/payments/${id}/refunds`, { amount: 60 })
  await isHanging()
  const second = await other.ask(`/api/payments/${id}/refunds`, { amount: 60 })
  expect(second).toMatchObject({ status: 409, code: 'REFUND_EXCEEDS_CAPTURED' })
  stripe.letGo()
  expect(await first).toMatchObject({ status: 200, amounts: { refunded: 60, pending_refund: 0 } })
  expect(await refundsOf(id)).toEqual(['succeeded 60'])
  expect(stripe.refunds.filter(({ intent }) => intent === intentOf(id))).toHaveLength(1)
})

test('a refund that timed out is repeated under a new key', async () => {
  const { uid, amount } = await t.place()
  const { id } = await pay(uid)
  // Stripe has done it, and the answer is lost.
  stripe.fail(...Array.from({ length: 2 }, () => ({ path: '/refunds', kind: 'lost' as const })))
  expect(await t.ask(`/api/payments/${id}/refunds`)).toMatchObject({ status: 200, amounts: { pending_refund: amount } })
  for (const instance of [t, other])
    expect(await instance.ask(`/api/payments/${id}/refunds`)).toMatchObject({ code: 'REFUND_EXCEEDS_CAPTURED' })
  await settleLater()
  expect(await refundsOf(id)).toEqual([`succeeded ${amount}`])
  expect(stripe.refunds.filter(({ intent }) => intent === intentOf(id))).toHaveLength(1)
  expect(await stateOf(uid)).toBe('confirmed refunded')
})

test('a good order is refunded because a webhook and the browser race', async () => {
  const { uid, amount } = await t.place()
  stripe.fail({ path: '/confirm', kind: 'hang' })
  const browser = pay(uid)
  await isHanging()
  const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.order_uid === uid)?.id ?? ''
  // The webhook comes to the other instance while the browser waits, the answer is let go at the same moment, and the webhook comes again.
  const sent = deliver(intent, `evt_${uid}`)
  stripe.letGo()
  await sent
  expect(await browser).toMatchObject({ status: 201, state: 'captured', amounts: { captured: amount, refunded: 0 } })
  await deliver(intent, `evt_${uid}`)
  await settleLater()
  expect(await stateOf(uid)).toBe('confirmed paid')
  expect(await t.transfersOf(uid)).toEqual([`receivable revenue ${amount}`, `clearing:stripe receivable ${amount}`])
  expect(await t.read(`/api/payment-issues?order_uid=${uid}`)).toEqual([])
})

describe('a captured charge is orphaned on a cancelled order', () => {
  test('that is cancelled while the capture is on its way', async () => {
    const { uid, amount } = await t.place()
    const { id } = await pay(uid, { capture: 'manual' })
    stripe.fail({ path: '/capture', kind: 'hang' })
    const capturing = t.ask(`/api/payments/${id}/capture`)
    await isHanging()
    expect((await other.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
    stripe.letGo()
    expect(await capturing).toMatchObject({ status: 200, amounts: { captured: amount } })
    expect(await stateOf(uid)).toBe('cancelled paid')
    await settleLater()
    expect(await refundsOf(id)).toEqual([`succeeded ${amount}`])
    expect(await stateOf(uid)).toBe('cancelled refunded')
  })

  test('that is cancelled just before its payer confirms', async () => {
    const { uid, amount } = await t.place()
    const { id, state } = await pay(uid, { method_token: 'pm_card_authenticationRequired' })
    expect(state).toBe('requires_action')
    expect((await other.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
    await stripe.completeAction(intentOf(id))
    // The void comes too late.
    for (let round = 0; round < 3; round += 1) await settleLater(round % 2 === 0 ? other : t)
    expect(await refundsOf(id)).toEqual([`succeeded ${amount}`])
    expect(await stateOf(uid)).toBe('cancelled refunded')
  })
})

test('an authorization expires on one instance, and is captured on the other', async () => {
  const { uid } = await t.place()
  const { id, authorized_until: until } = await t.pay(uid, { method_token: 'tok_expires', capture: 'manual' })
  expect(until).not.toBeNull()
  // Half of its time is over: a person is told.
  shiftMs += 40_000
  await other.settle()
  const issues = () => t.read<{ kind: string; state: string }[]>(`/api/payment-issues?order_uid=${uid}`)
  expect(await issues()).toMatchObject([{ kind: 'authorization_expiring', state: 'open' }])
  shiftMs += 30_000
  const [, captured] = await Promise.all([other.settle(), t.ask(`/api/payments/${id}/capture`)])
  expect(captured.amounts?.captured ?? 0).toBe(0)
  await settleLater()
  expect(await t.read(`/api/payments/${id}`)).toMatchObject({
    state: 'expired',
    amounts: { captured: 0, capturable: 0 },
  })
  expect(await stateOf(uid)).toBe('pending voided')
  expect(await issues()).toMatchObject([{ kind: 'authorization_expiring', state: 'resolved' }])
  const events = await t.read<{ type: string }[]>(`/api/events?stream_id=${id}`)
  expect(events.map(({ type }) => type)).toContain('payment.authorization_expired')
  // The order can be paid again.
  expect(await pay(uid)).toMatchObject({ status: 201, state: 'captured' })
})

function intentOf(paymentId: string): string {
  const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.payment_id === paymentId)
  if (intent === undefined) throw new Error(`Stripe has no intent of ${paymentId}`)
  return intent.id
}

/** Delivers an event of an intent to the other instance. @returns when it is settled */
async function deliver(intentId: string, id: string): Promise<void> {
  const event = { ...stripe.eventOf(intentId), id, type: 'payment_intent.succeeded' }
  const { header, body } = await signStripeEvent(event, now(), stripe.webhookSecret)
  const headers = { 'stripe-signature': header }
  expect((await other.call('POST', '/api/payments/webhooks/stripe', { body, headers })).status).toBe(200)
  await eventually('the event is settled', async () => {
    const { rows } = await t.pool.query(`select from provider_events where state = 'received'`)
    return rows.length === 0
  })
}
