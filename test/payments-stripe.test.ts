import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp } from './app.ts'
import { type FakeStripe, type Fault, startFakeStripe } from './fake-stripe.ts'
import { signStripeEvent } from './fake-stripe-events.ts'
import { eventually } from './kafka.ts'
import { createPaymentApp, paymentActions, type Price } from './payments.ts'
import { expectSameBooks } from './stripe-books.ts'

/** Payments through Stripe, with what can go wrong on the way there and back. Two instances share a database and a clock. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let other: ReturnType<typeof paymentActions>
let stripe: FakeStripe
let shiftMs = 0
const now = () => Date.now() + shiftMs
const strangers = new Set<string>()
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
  other = paymentActions(await createTestApp({ pool: t.pool, now, env }))
  const workers = t.app.running.flatMap(({ workers = [] }) => workers)
  applying = workers.find(({ name }) => name === 'provider events')?.run(stop.signal)
})

afterEach(() => expectSameBooks({ pool: t.pool, stripe, service: t, strangers }))

afterAll(async () => {
  stop.abort()
  await applying
  await stripe.close()
  await t.close()
})

const pay = (uid: string, body: object = {}, key?: string) =>
  t.pay(uid, { provider: 'stripe', method_token: 'pm_card_visa', ...body }, key)

const intentOf = (paymentId: string) => {
  const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.payment_id === paymentId)
  if (intent === undefined) throw new Error(`Stripe has no intent of ${paymentId}`)
  return intent
}

const amountsOf = async (id: string) =>
  (await t.read<{ amounts: Record<string, number> }>(`/api/payments/${id}`)).amounts

/** Has the worker take up what becomes due within minutes. */
async function settleLater(rounds = 3): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    shiftMs += 60_000
    await other.settle()
  }
  // The other instance's changes: this one is not told of them here.
  t.app.cache.clear()
}

/** Delivers an event of an intent. @returns when it is settled */
async function deliver(intentId: string, type = 'payment_intent.succeeded', id: string = randomUUID()): Promise<void> {
  const event = { ...stripe.eventOf(intentId), id: `evt_${id}`, type }
  const { header, body } = await signStripeEvent(event, now(), stripe.webhookSecret)
  const headers = { 'stripe-signature': header }
  expect((await t.call('POST', '/api/payments/webhooks/stripe', { body, headers })).status).toBe(200)
  await eventually('the event is settled', async () => {
    const { rows } = await t.pool.query(`select from provider_events where state = 'received'`)
    return rows.length === 0
  })
}

const issues = async (kind: string, about: string) => {
  const { rows } = await t.pool.query('select from payment_issues where kind = $1 and subject like $2', [kind, about])
  return rows.length
}

test('unpaid, authorized, partly captured, captured, partly refunded, refunded: Stripe captures an intent once', async () => {
  const { uid, amount } = await t.place()
  const { id, state } = await pay(uid, { capture: 'manual' })
  expect([state, await t.stateOf(uid)]).toEqual(['authorized', 'pending authorized'])
  // What is left of the authorization is released with the capture, also without `final`.
  const part = await t.ask(`/api/payments/${id}/capture`, { amount: 100 })
  expect(part).toMatchObject({ status: 200, state: 'captured', amounts: { authorized: amount, captured: 100 } })
  expect(part.amounts.capturable).toBe(0)
  expect(part.available_actions).toEqual(['refund', 'sync'])
  expect(await t.ask(`/api/payments/${id}/capture`)).toMatchObject({ status: 409, code: 'PAYMENT_STATE_REFUSED' })
  expect(await t.stateOf(uid)).toBe('pending partially_paid')
  const events = await t.read<{ type: string }[]>(`/api/events?stream_id=${id}`)
  expect(events.map(({ type }) => type)).toEqual(['payment.authorized', 'payment.captured', 'payment.voided'])
  // The rest of the order is paid by another payment.
  const rest = await pay(uid)
  expect(rest).toMatchObject({ status: 201, state: 'captured', amounts: { captured: amount - 100 } })
  expect(await t.stateOf(uid)).toBe('confirmed paid')
  await t.ask(`/api/payments/${id}/refunds`, { amount: 40 })
  expect(await t.stateOf(uid)).toBe('confirmed partially_refunded')
  for (const one of [id, rest.id]) expect((await t.ask(`/api/payments/${one}/refunds`)).status).toBe(200)
  expect(await t.stateOf(uid)).toBe('confirmed refunded')
  expect(await t.transfersOf(uid)).toEqual([
    `receivable revenue ${amount}`,
    'clearing:stripe receivable 100',
    `clearing:stripe receivable ${amount - 100}`,
    'refunds clearing:stripe 40',
    'refunds clearing:stripe 60',
    `refunds clearing:stripe ${amount - 100}`,
  ])
})

describe('an operation is carried out once when Stripe', () => {
  const faults: readonly (readonly [string, Fault['kind'], number])[] = [
    ['answers 500 after it was done, and keeps that answer', 'late', 1],
    // The library repeats a call whose connection is cut, once.
    ['cuts the connection', 'lost', 2],
    ['answers 429', 'refused', 1],
    ['answers that its key is in use', 'busy', 1],
  ]
  for (const [name, kind, times] of faults) {
    test(name, async () => {
      const { uid, amount } = await t.place()
      const failing = (path: string) => stripe.fail(...Array.from({ length: times }, () => ({ path, kind })))
      failing('/confirm')
      const { status, id, state } = await pay(uid, { capture: 'manual' })
      expect([status, state]).toEqual([201, 'processing'])
      expect(await pay(uid)).toMatchObject({ status: 409, code: 'PAYMENT_IN_PROGRESS' })
      await settleLater()
      expect(await amountsOf(id)).toMatchObject({ authorized: amount, captured: 0 })
      failing('/capture')
      expect((await t.ask(`/api/payments/${id}/capture`)).amounts).toMatchObject({ pending_capture: amount })
      await settleLater()
      expect(await t.stateOf(uid)).toBe('confirmed paid')
      failing('/refunds')
      expect((await t.ask(`/api/payments/${id}/refunds`, { amount: 9 })).amounts).toMatchObject({ pending_refund: 9 })
      // Repeated under a new key it would be another refund; what is under way counts.
      expect(await t.ask(`/api/payments/${id}/refunds`, { amount })).toMatchObject({ code: 'REFUND_EXCEEDS_CAPTURED' })
      await settleLater()
      expect(await amountsOf(id)).toMatchObject({ captured: amount, refunded: 9, pending_refund: 0 })
      expect(stripe.faults).toEqual([])
    })
  }

  test('hangs: another instance finds it out, and the answer that comes at last adds nothing', async () => {
    const { uid, amount } = await t.place()
    stripe.fail({ path: '/confirm', kind: 'hang' })
    const paying = pay(uid)
    await eventually('the call hangs', () => stripe.faults.length === 0)
    await settleLater(1)
    expect(await t.stateOf(uid)).toBe('confirmed paid')
    stripe.letGo()
    const { id, status, state } = await paying
    expect([status, state]).toEqual([201, 'captured'])
    stripe.fail({ path: '/refunds', kind: 'hang' })
    const refunding = t.ask(`/api/payments/${id}/refunds`, { amount: 9 })
    await eventually('the call hangs', () => stripe.faults.length === 0)
    await settleLater(1)
    stripe.letGo()
    expect(await refunding).toMatchObject({ status: 200, amounts: { captured: amount, refunded: 9 } })
  })
})

test('an order that is cancelled while its capture is on the way: the charge is refunded', async () => {
  const { uid, amount } = await t.place()
  const { id } = await pay(uid, { capture: 'manual' })
  stripe.fail({ path: '/capture', kind: 'hang' })
  const capturing = t.ask(`/api/payments/${id}/capture`)
  await eventually('the call hangs', () => stripe.faults.length === 0)
  expect((await other.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
  await settleLater()
  stripe.letGo()
  await capturing
  expect(await amountsOf(id)).toMatchObject({ captured: amount, refunded: amount })
  expect(await t.stateOf(uid)).toBe('cancelled refunded')
  // It was never the order's money: it is in the books as late money.
  expect(await t.transfersOf(uid)).toEqual([
    `clearing:stripe suspense:stripe ${amount}`,
    `suspense:stripe clearing:stripe ${amount}`,
  ])
})

describe('a webhook', () => {
  test('that comes before the answer settles the payment, and the answer adds nothing', async () => {
    const { uid, amount } = await t.place()
    stripe.fail({ path: '/confirm', kind: 'hang' })
    const paying = pay(uid)
    await eventually('the call hangs', () => stripe.faults.length === 0)
    const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.order_uid === uid)
    await deliver(intent?.id ?? '')
    expect(await t.stateOf(uid)).toBe('confirmed paid')
    stripe.letGo()
    expect(await paying).toMatchObject({ status: 201, state: 'captured', amounts: { captured: amount } })
    expect((await t.transfersOf(uid)).length).toBe(2)
  })

  test('of an intent that was not confirmed does not end its authorization', async () => {
    const { uid } = await t.place()
    stripe.fail({ path: '/confirm', kind: 'refused' })
    const { id } = await pay(uid)
    await deliver(intentOf(id).id, 'payment_intent.created')
    await settleLater()
    expect(await t.stateOf(uid)).toBe('confirmed paid')
  })

  test('twice, out of order and a day later changes nothing more', async () => {
    const { uid } = await t.place()
    const { id } = await pay(uid)
    const intent = intentOf(id).id
    for (const type of [
      'payment_intent.succeeded',
      'payment_intent.amount_capturable_updated',
      'payment_intent.created',
    ])
      await deliver(intent, type)
    const event = randomUUID()
    await deliver(intent, 'charge.succeeded', event)
    await deliver(intent, 'charge.succeeded', event)
    shiftMs += 86_400_000
    await deliver(intent, 'charge.succeeded', event)
    const { rows } = await t.pool.query('select from provider_events where event_id = $1', [`evt_${event}`])
    expect(rows).toHaveLength(1)
    const events = await t.read<{ type: string }[]>(`/api/events?stream_id=${id}`)
    expect(events.map(({ type }) => type)).toEqual(['payment.authorized', 'payment.captured'])
    expect(await t.transfersOf(uid)).toHaveLength(2)
  })

  test('of a payment that is not here opens an issue, and of another shop on the account none', async () => {
    const ours = await chargeAtStripe('&metadata[payment_id]=pay_of_nobody&metadata[order_uid]=none')
    const theirs = await chargeAtStripe('')
    for (const id of [ours, theirs]) await deliver(id)
    expect([await issues('unmatched_money', `%${ours}`), await issues('unmatched_money', `%${theirs}`)]).toEqual([1, 0])
  })
})

/** A charge that somebody else has made. @returns the intent's id */
async function chargeAtStripe(metadata: string): Promise<string> {
  const post = async (path: string, body: string) =>
    (await (await fetch(`${stripe.url}/v1/payment_intents${path}`, { method: 'POST', body })).json()) as { id: string }
  const { id } = await post('', `amount=500&currency=usd&capture_method=automatic${metadata}`)
  await post(`/${id}/confirm`, 'payment_method=pm_card_visa')
  strangers.add(id)
  return id
}

describe('what Stripe reports', () => {
  /** A payment of which only the intent is made, so that Stripe can make another of it. */
  async function begun(body: object = {}) {
    const { uid, amount } = await t.place()
    stripe.fail({ path: '/confirm', kind: 'refused' })
    const { id } = await pay(uid, body)
    return { uid, id, amount, intent: intentOf(id) }
  }

  test('in another currency confirms nothing, is asked for no more, and a person is told', async () => {
    const { uid, id, intent } = await begun()
    const { currency } = intent
    intent.currency = 'chf'
    await settleLater(1)
    expect(await t.stateOf(uid)).toBe('pending unpaid')
    expect(await issues('amount_mismatch', `${id}:currency`)).toBe(1)
    const asked = () => stripe.answers.filter(({ method }) => method === 'POST').length
    const before = asked()
    await settleLater()
    expect(asked()).toBe(before)
    expect(await t.read(`/api/payments/${id}`)).toMatchObject({
      state: 'processing',
      operations: [{ state: 'unknown' }],
    })
    expect(await t.transfersOf(uid)).toEqual([])
    intent.currency = currency
    expect(await t.ask(`/api/payments/${id}/sync`)).toMatchObject({ status: 200, state: 'captured' })
    expect(await t.stateOf(uid)).toBe('confirmed paid')
  })

  test('in another currency is voided by a person, and the order can be paid again', async () => {
    const { uid, id, intent } = await begun({ capture: 'manual' })
    intent.currency = 'chf'
    await settleLater(1)
    strangers.add(intent.id)
    const [issue] = await t.read<{ id: string }[]>(`/api/payment-issues?order_uid=${uid}&state=open`)
    expect(issue).toMatchObject({ kind: 'amount_mismatch', available_actions: ['void', 'dismiss'] })
    await t.ask(`/api/payment-issues/${issue?.id}/resolve`, { action: 'void', reason: 'in francs' })
    expect(await t.read(`/api/payments/${id}`)).toMatchObject({
      state: 'failed',
      failure: { code: 'currency_mismatch' },
    })
    expect(await pay(uid)).toMatchObject({ status: 201, state: 'captured' })
    expect(await t.stateOf(uid)).toBe('confirmed paid')
  })

  test('of another amount is booked as it is, confirms nothing, and a person is told', async () => {
    for (const difference of [-1, 1]) {
      const { uid, id, intent, amount } = await begun()
      intent.amount += difference
      await settleLater()
      expect(await t.stateOf(uid)).toBe(difference < 0 ? 'pending partially_paid' : 'pending paid')
      expect(await issues('amount_mismatch', id)).toBe(1)
      // What is more than the order costs is paid back.
      expect(await amountsOf(id)).toMatchObject({ captured: amount + difference, refunded: Math.max(0, difference) })
    }
  })
})

describe('an amount', () => {
  const written: readonly (readonly [Price, number])[] = [
    [{ currency: 'JPY', amount: 1817 }, 1817],
    [{ currency: 'BHD', amount: 18_170 }, 18_170],
    [{ currency: 'ISK', amount: 1817 }, 181_700],
    [{ currency: 'USD', amount: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
  ]
  for (const [price, atStripe] of written) {
    test(`of ${price.amount} ${price.currency} is charged, and refunded in parts, exactly`, async () => {
      const { uid } = await t.place(false, price)
      const { id, state } = await pay(uid)
      expect([state, intentOf(id).amount]).toEqual(['captured', atStripe])
      await t.ask(`/api/payments/${id}/refunds`, { amount: 10 })
      expect(await t.ask(`/api/payments/${id}/refunds`)).toMatchObject({ amounts: { refunded: price.amount } })
      expect(intentOf(id).charge?.refunded).toBe(atStripe)
      expect(await t.stateOf(uid)).toBe('confirmed refunded')
    })
  }

  test('that Stripe cannot represent is refused before anything is sent', async () => {
    const refused = { status: 422, code: 'AMOUNT_UNREPRESENTABLE' }
    const dinars = await t.place(false, { currency: 'BHD', amount: 18_170 })
    const { id } = await pay(dinars.uid, { capture: 'manual' })
    const held = await t.place(false, { currency: 'BHD', amount: 1005 })
    const krona = await t.place(false, { currency: 'ISK', amount: Number.MAX_SAFE_INTEGER })
    const answers = stripe.answers.length
    expect(await t.ask(`/api/payments/${id}/capture`, { amount: 1005 })).toMatchObject(refused)
    for (const { uid } of [held, krona]) expect(await pay(uid)).toMatchObject(refused)
    expect(stripe.answers).toHaveLength(answers)
    await t.ask(`/api/payments/${id}/capture`)
    const before = stripe.answers.length
    expect(await t.ask(`/api/payments/${id}/refunds`, { amount: 5 })).toMatchObject(refused)
    expect(stripe.answers).toHaveLength(before)
  })
})
