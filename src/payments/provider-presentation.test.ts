import { expect, test } from 'bun:test'
import { presentProvider } from './provider-presentation.ts'
import { manual } from './providers/manual.ts'
import { createStripeProvider } from './providers/stripe.ts'

test('a provider is listed with how it captures, and with the currencies that it cannot represent', () => {
  expect(presentProvider(manual)).toEqual({
    ...{ name: 'manual', title: manual.title, recorded: true, capture_modes: ['manual'] },
    ...{ unsupported_currencies: [], method_tokens: [] },
  })
  const stripe = createStripeProvider({ apiKey: 'sk_test', apiBase: undefined, webhookSecrets: [] })
  expect(presentProvider(stripe)).toMatchObject({
    ...{ name: 'stripe', recorded: false, capture_modes: ['automatic', 'manual'] },
    unsupported_currencies: ['CLF', 'UYW'],
  })
  const tokens = { tok_approve: 'Is approved at once' }
  expect(presentProvider({ ...stripe, methodTokens: tokens }).method_tokens).toEqual([
    { token: 'tok_approve', description: 'Is approved at once' },
  ])
})
