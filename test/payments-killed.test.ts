import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from './app.ts'
import { type FakeStripe, startFakeStripe } from './fake-stripe.ts'
import { eventually } from './kafka.ts'
import { type PaymentRequests, requestsTo } from './payments.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { expectSameBooks, expectSettled } from './stripe-books.ts'

/** The service is killed at each point between the row of an operation and its transfer, with Stripe as the provider. */

setDefaultTimeout(120_000)

const program = join(import.meta.dirname, 'stopping-service.ts')
let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let stripe: FakeStripe
let env: Record<string, string>
/** The instance that goes on. */
let other: PaymentRequests

beforeAll(async () => {
  database = await createOrdersDatabase()
  stripe = await startFakeStripe()
  env = {
    ...databaseEnv(database.address),
    STRIPE_API_KEY: 'sk_test_fake',
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRETS: stripe.webhookSecret,
  }
  other = requestsTo((await startServiceProcess({ env })).url)
})

afterEach(() => expectSameBooks({ pool: database.pool, stripe, service: other }))

afterAll(async () => {
  await endServices()
  await stripe.close()
  await database.drop()
})

const byStripe = { provider: 'stripe', method_token: 'pm_card_visa' }

/** What the service that is killed is asked for, and how it ends. */
async function prepare() {
  const [automatic, manual, held, paid] = await Promise.all(Array.from({ length: 4 }, () => other.place()))
  if (!automatic || !manual || !held || !paid) throw new Error('not every order was placed')
  const [{ id: heldId }, { id: paidId }] = await Promise.all([
    other.pay(held.uid, { ...byStripe, capture: 'manual' }),
    other.pay(paid.uid, byStripe),
  ])
  const asks = [
    { path: `/api/orders/${automatic.uid}/payments`, body: byStripe, end: { status: 201, state: 'captured' } },
    {
      path: `/api/orders/${manual.uid}/payments`,
      body: { ...byStripe, capture: 'manual' },
      end: { status: 201, state: 'authorized', amounts: { authorized: manual.amount, captured: 0 } },
    },
    {
      path: `/api/payments/${heldId}/capture`,
      body: {},
      end: { status: 200, state: 'captured', amounts: { captured: held.amount } },
    },
    { path: `/api/payments/${paidId}/refunds`, body: { amount: 9 }, end: { status: 200, amounts: { refunded: 9 } } },
  ]
  return asks.map(ask => ({ ...ask, key: randomUUID() }))
}

/** As if the process that had the requests was gone for longer than its claims last. */
async function endClaims(): Promise<void> {
  await database.pool.query('update payment_operations set next_attempt_at = now() where next_attempt_at is not null')
  await database.pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")
}

/** Asks a service for everything, and kills it when it has stopped at a point of each. */
async function killAt(point: string, asks: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  const killed = await startServiceProcess({ env: { ...env, STOP_AT: point }, program })
  const requests = requestsTo(killed.url)
  const asking = Promise.allSettled(asks.map(({ path, body, key }) => requests.ask(path, body, key)))
  const stopped = () => killed.output().match(/^stopped: /gm)?.length === asks.length
  await eventually(
    `everything is ${point}, and Stripe has done what it shall`,
    () => stopped() && !stripe.faults.length,
  )
  killed.kill('SIGKILL')
  await killed.exited
  stripe.letGo()
  expect((await asking).map(({ status }) => status)).toEqual(asks.map(() => 'rejected'))
}

describe('the service is killed when authorizations, a capture and a refund are', () => {
  for (const point of ['stored', 'sent', 'answered', 'applied']) {
    test(`${point}: another instance settles each of them once, and a repetition finds it`, async () => {
      const asks = await prepare()
      // Stripe has done it, and the answer is on its way; of one authorization the intent is made, and not confirmed.
      if (point === 'sent')
        for (const path of ['/payment_intents', '/confirm', '/capture', '/refunds']) stripe.fail({ path, kind: 'hang' })
      await killAt(point, asks)
      await endClaims()
      await expectSettled(database.pool)
      const again = await Promise.all(asks.map(({ path, body, key }) => other.ask(path, body, key)))
      expect(again).toMatchObject(asks.map(({ end }) => end))
    })
  }

  test('sent, and the client repeats them before the worker finds them', async () => {
    const asks = await prepare()
    for (const path of ['/payment_intents', '/confirm', '/capture', '/refunds']) stripe.fail({ path, kind: 'hang' })
    await killAt('sent', asks)
    await database.pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")
    // Its lease is not over: the payment is answered as it is known, and nothing is asked of Stripe a second time.
    const answers = stripe.answers.length
    const early = await Promise.all(asks.map(({ path, body, key }) => other.ask(path, body, key)))
    expect(early.map(({ state }) => state)).toEqual(['processing', 'processing', 'authorized', 'captured'])
    expect(stripe.answers.length).toBe(answers)
    await endClaims()
    await expectSettled(database.pool)
  })
})
