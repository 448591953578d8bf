import {
  addressVariable,
  choiceVariable,
  flagVariable,
  integerVariable,
  textVariable,
  type Variable,
} from '../platform/variables.ts'

const page = 'payments.md'

export const confirmOn = choiceVariable(
  {
    name: 'CONFIRM_ON',
    preset: 'paid',
    meaning:
      'confirms an order when its amount is captured (paid), or when what is captured and authorized covers it (covered)',
    page,
  },
  ['paid', 'covered'],
)

export const paymentLatePolicy = choiceVariable(
  {
    name: 'PAYMENT_LATE_POLICY',
    preset: 'refund',
    meaning:
      'what becomes of money for an order that is cancelled, expired or paid already: refund, or hold for a person',
    page,
  },
  ['refund', 'hold'],
)

export const paymentHoldMaxMinutes = integerVariable(
  {
    name: 'PAYMENT_HOLD_MAX_MINUTES',
    preset: '60',
    meaning: 'how long a payment under way keeps its order from expiring, in minutes',
    page,
  },
  1,
  10_080,
)

export const paymentSandbox = flagVariable({
  name: 'PAYMENT_SANDBOX',
  preset: 'false',
  meaning:
    'offers the sandbox, a payment provider that moves no money, to other machines too; this machine always has it',
  page,
})

export const stripeApiKey = textVariable({
  name: 'STRIPE_API_KEY',
  preset: '',
  meaning: 'secret key of the Stripe account, or a restricted one; payments by Stripe are offered when it is set',
  page,
  isSecret: true,
})

/** Stripe signs by one secret, and by two while one replaces the other. */
const secretsMax = 2

export const stripeWebhookSecrets: Variable<readonly string[]> = {
  name: 'STRIPE_WEBHOOK_SECRETS',
  preset: '',
  meaning: "signing secret of Stripe's webhooks; two with a comma between them while one replaces the other",
  page,
  isSecret: true,
  needs: stripeApiKey.name,
  read({ text, report }) {
    const secrets = text.split(',').flatMap(part => part.trim() || [])
    if (secrets.length > secretsMax || secrets.some(secret => !/^whsec_\w+$/.test(secret))) {
      report('STRIPE_WEBHOOK_SECRETS must be one or two secrets that begin with whsec_, with a comma between them')
    }
    return secrets
  },
}

export const stripeApiBase = addressVariable({
  name: 'STRIPE_API_BASE',
  preset: '',
  meaning: "where Stripe's API is, for tests; empty for Stripe's own",
  page,
  needs: stripeApiKey.name,
})
