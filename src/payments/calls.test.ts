import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type FakeStripe, startFakeStripe } from '../../test/fake-stripe.ts'
import { begun, operationOf, paymentOf } from '../../test/payment-values.ts'
import { createLogger } from '../platform/log.ts'
import { createProviderCalls } from './calls.ts'
import { createStripeProvider } from './providers/stripe.ts'

let stripe: FakeStripe
beforeAll(async () => {
  stripe = await startFakeStripe()
})
afterAll(() => stripe.close())

test('a provider that hangs is given up at the deadline: nothing is known, and what comes later is not waited for', async () => {
  const told: string[] = []
  const calls = createProviderCalls({
    metrics: { called: ({ outcome }) => void told.push(outcome), settled: () => undefined },
    log: createLogger({ level: 'silent' }),
    keepReference: async () => undefined,
    deadlineMs: 50,
  })
  const provider = createStripeProvider({ apiKey: 'sk_test_fake', apiBase: stripe.url, webhookSecrets: [] })
  const order = begun()
  const operation = { ...operationOf(order, 'auth'), methodToken: 'pm_card_visa' }
  // Its library is loaded with the first call.
  await provider.fetch({ providerRef: 'pi_none' }, AbortSignal.timeout(10_000))
  stripe.fail({ path: '/payment_intents', kind: 'hang' })
  const outcome = await calls.operate(provider, paymentOf(order), operation)
  expect(outcome).toEqual({ kind: 'unknown', detail: 'no answer within 50 ms' })
  expect(told).toEqual(['unknown'])
  stripe.letGo()
})
