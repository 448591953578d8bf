import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from './app.ts'
import { type FakeStripe, startFakeStripe } from './fake-stripe.ts'
import { signStripeEvent } from './fake-stripe-events.ts'
import { type PaymentRequests, requestsTo } from './payments.ts'
import { eventually } from './kafka.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { expectSameBooks, expectSettled } from './stripe-books.ts'

/** Two services on one database are asked for the same money at once, with Stripe as the provider. */

setDefaultTimeout(120_000)

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let stripe: FakeStripe
let one: PaymentRequests
let other: PaymentRequests

beforeAll(async () => {
  database = await createOrdersDatabase()
  stripe = await startFakeStripe()
  const env = {
    ...databaseEnv(database.address),
    STRIPE_API_KEY: 'sk_test_fake',
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRETS: stripe.webhookSecret,
  }
  const services = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
  const [first, second] = services.map(({ url }) => requestsTo(url))
  if (first === undefined || second === undefined) throw new Error('two services were started')
  one = first
  other = second
})

afterEach(async () => {
  await expectSettled(database.pool)
  await expectSameBooks({ pool: database.pool, stripe, service: one })
})

afterAll(async () => {
  await endServices()
  await stripe.close()
  await database.drop()
})

const byStripe = { provider: 'stripe', method_token: 'pm_card_visa' }

/** Asks both services by turns. */
const byTurns = <Answer>(times: number, ask: (service: PaymentRequests) => Promise<Answer>) =>
  Promise.all(Array.from({ length: times }, (_, turn) => ask(turn % 2 === 0 ? one : other)))

test('pay is pressed ten times on two instances: the payer is charged once', async () => {
  const { uid, amount } = await one.place()
  const answers = await byTurns(10, service => service.pay(uid, byStripe))
  const codes = new Set(answers.flatMap(({ status, code }) => (status === 201 ? [] : [`${status} ${code}`])))
  expect(answers.filter(({ status }) => status === 201)).toMatchObject([
    { state: 'captured', amounts: { captured: amount } },
  ])
  // Those that come when it is paid already are told so.
  expect([...codes].filter(code => code !== '409 PAYMENT_IN_PROGRESS' && code !== '409 PAYMENT_EXCEEDS_ORDER')).toEqual(
    [],
  )
  // The other instance may have carried it out.
  await eventually('the first sees it too', async () => (await one.stateOf(uid)) === 'confirmed paid')
})

test('pay is pressed twice with the same key: the first answer, or a conflict while it runs', async () => {
  const { uid } = await one.place()
  const answers = await byTurns(4, service => service.pay(uid, byStripe, `key-of-${uid}`))
  expect(new Set(answers.flatMap(({ status, id }) => (status === 201 ? [id] : []))).size).toBe(1)
  expect(answers.every(({ status, code }) => status === 201 || code === 'IDEMPOTENCY_KEY_IN_USE')).toBe(true)
})

test('50 refunds at once on two instances pay back exactly what was captured', async () => {
  const { uid, amount } = await one.place()
  const { id } = await one.pay(uid, byStripe)
  const each = Math.ceil(amount / 20)
  const answers = await byTurns(50, service => service.ask(`/api/payments/${id}/refunds`, { amount: each }))
  const passed = answers.filter(({ status }) => status === 200).length
  expect(passed).toBe(Math.floor(amount / each))
  expect(answers.every(({ status, code }) => status === 200 || code === 'REFUND_EXCEEDS_CAPTURED')).toBe(true)
  expect(await other.ask(`/api/payments/${id}/refunds`)).toMatchObject(
    amount % each === 0 ? { status: 409 } : { status: 200, amounts: { refunded: amount } },
  )
  await eventually('the first sees it too', async () => (await one.stateOf(uid)) === 'confirmed refunded')
})

test('captures, a void and a cancellation at once: what was captured is paid back, and nothing is held', async () => {
  const { uid } = await one.place()
  const { id } = await one.pay(uid, { ...byStripe, capture: 'manual' })
  await Promise.all([
    byTurns(4, service => service.ask(`/api/payments/${id}/capture`)),
    other.ask(`/api/payments/${id}/void`),
    other.call('POST', `/api/orders/${uid}/cancel`),
  ])
  await expectSettled(database.pool)
  const { amounts } = await one.read<{ amounts: Record<string, number> }>(`/api/payments/${id}`)
  expect(amounts).toMatchObject({ capturable: 0, refunded: amounts.captured })
})

test('a webhook comes to both instances at once while the payment is asked for: it is applied once', async () => {
  const { uid, amount } = await one.place()
  const { id } = await one.pay(uid, { ...byStripe, capture: 'manual' })
  const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.payment_id === id)?.id ?? ''
  const event = { ...stripe.eventOf(intent), type: 'payment_intent.succeeded' }
  const { header, body } = await signStripeEvent(event, Date.now(), stripe.webhookSecret)
  const send = ({ call }: PaymentRequests) =>
    call('POST', '/api/payments/webhooks/stripe', { body: JSON.parse(body), headers: { 'stripe-signature': header } })
  const [captured, ...sent] = await Promise.all([
    one.ask(`/api/payments/${id}/capture`),
    send(one),
    send(other),
    send(one),
  ])
  expect(captured).toMatchObject({ status: 200, amounts: { captured: amount } })
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(await one.transfersOf(uid)).toHaveLength(2)
})
