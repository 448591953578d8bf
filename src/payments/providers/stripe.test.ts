import { startFakeStripe } from '../../../test/fake-stripe.ts'
import { signStripeEvent } from '../../../test/fake-stripe-events.ts'
import { type ProviderSetup, testProvider } from '../../../test/provider-conformance.ts'
import { createStripeProvider } from './stripe.ts'

const secrets = { 'the secret': 'whsec_newest', 'the secret before': 'whsec_before', 'another secret': 'whsec_unknown' }

async function open(): Promise<ProviderSetup> {
  let passedMs = 0
  const stripe = await startFakeStripe({ now: () => Date.now() + passedMs })
  const webhookSecrets = [secrets['the secret'], secrets['the secret before']]
  return {
    provider: createStripeProvider({ apiKey: 'sk_test_fake', apiBase: stripe.url, webhookSecrets }),
    tokens: {
      approve: 'pm_card_visa',
      decline: 'pm_card_chargeDeclined',
      action: 'pm_card_authenticationRequired',
      timeout: 'pm_card_lost',
      late: 'pm_card_slow',
      refundFailsLater: 'pm_card_refundFail',
      expires: 'pm_card_expires',
    },
    payer: { approve: stripe.completeAction, decline: stripe.declineAction },
    passTime() {
      // Stripe keeps keys for longer than that.
      passedMs += 3_600_000
      stripe.settle()
    },
    async event(providerRef, signed) {
      const { header, body } = await signStripeEvent(stripe.eventOf(providerRef), signed.atMs, secrets[signed.with])
      return { headers: new Headers({ 'stripe-signature': header }), body: new TextEncoder().encode(body) }
    },
    // Accounts without multicapture.
    capturesOften: false,
    close: async () => stripe.close(),
  }
}

testProvider('stripe', open)
