import { choiceVariable, flagVariable, integerVariable } from '../platform/variables.ts'

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
