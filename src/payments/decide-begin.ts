import { type Currency, currencies } from '../platform/currencies.ts'
import { type Decision, type DecisionContext, type OrderPayments, type Refusal, refused } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, changePayment, emit, putOperation, putPayment } from './draft.ts'
import { operationData, paymentEvents } from './events.ts'
import { newPayment, requestedOperation, sentOperation, settledOperation } from './new-payment.ts'
import { type CaptureMode, isOpen, isWaiting } from './payment.ts'
import type { Provider } from './provider.ts'
import { roomOf, totalsOf } from './totals.ts'

/** What a payment is begun with. */
export type BeginInput = Readonly<{
  /** `pay_` and 24 lower-case letters and digits. */
  paymentId: string
  /** The authorization's: `op_` and 24 of the same. */
  operationId: string
  /** The name of a provider. */
  provider: string
  /** More than 0; undefined: what is left of the order. */
  amount: number | undefined
  capture: CaptureMode
  methodToken: string | undefined
  returnUrl: string | undefined
  actor: string
}>

/**
 * Begins a payment of an order: a payment that is `processing`, and an operation that is sent at once. Recorded money counts as
 * authorized from the beginning, and nothing is called.
 *
 * @returns PAYMENT_IN_PROGRESS when it does not fit beside what is under way, PAYMENT_EXCEEDS_ORDER when it does not fit beside what is
 *   authorized and captured, PAYMENT_STATE_REFUSED when the order is over, PROVIDER_UNKNOWN, or AMOUNT_UNREPRESENTABLE
 */
export function decideBegin(before: OrderPayments, input: BeginInput, context: DecisionContext): Decision {
  const { order } = before
  const provider = context.rules.providers.get(input.provider)
  if (provider === undefined) return refused('PROVIDER_UNKNOWN', `no provider ${input.provider} is configured`)
  const { status } = order.state
  if (status !== 'pending' && status !== 'confirmed' && status !== 'on_hold')
    return refused('PAYMENT_STATE_REFUSED', `the order is ${status}`)
  const left = roomOf(totalsOf(order, before.payments, before.isSold))
  const amount = input.amount ?? left
  if (amount > left || left === 0) return exceeds(before, amount, left)
  const unrepresentable = refuseUnrepresentable(provider, amount, order.currency)
  if (unrepresentable !== undefined) return unrepresentable
  const draft = beginDraft(before, context)
  const { paymentId, operationId, capture, actor } = input
  const { orderUid, currency } = order
  const payment = putPayment(
    draft,
    newPayment({ orderUid, paymentId, provider: provider.name, currency, amount, capture }, context.nowMs),
  )
  const requested = requestedOperation(
    payment,
    {
      operationId,
      kind: 'authorize',
      amount,
      reason: '',
      actor,
      methodToken: input.methodToken,
      returnUrl: input.returnUrl,
    },
    context,
  )
  draft.reason = `a payment through ${provider.name} was begun`
  if (provider.isRecorded !== true) {
    putOperation(draft, sentOperation(requested, context.nowMs))
    return closeDraft(draft)
  }
  const operation = putOperation(draft, settledOperation(requested, { state: 'succeeded' }, context.nowMs))
  changePayment(draft, paymentId, { state: 'authorized', authorized: amount })
  emit(draft, paymentId, paymentEvents.authorized, { ...operationData(operation), authorized_until: null })
  return closeDraft(draft)
}

function exceeds({ order, payments, operations }: OrderPayments, amount: number, left: number): Refusal {
  const isUnderWay = payments.some(isWaiting) || operations.some(isOpen)
  if (isUnderWay && amount <= order.amount)
    return refused(
      'PAYMENT_IN_PROGRESS',
      'another payment of the order is under way, and leaves too little of its amount',
    )
  if (left === 0) return refused('PAYMENT_EXCEEDS_ORDER', 'nothing is left to be paid')
  return refused('PAYMENT_EXCEEDS_ORDER', `${left} is left to be paid, in the minor unit of ${order.currency}`)
}

/** The refusal of an amount that the provider cannot write; undefined when it can. Charges and refunds follow the same rule. */
export function refuseUnrepresentable(provider: Provider, amount: number, code: string): Refusal | undefined {
  const currency: Currency | undefined = currencies.get(code)
  const isWritable = currency !== undefined && provider.toProviderAmount(amount, code, currency) !== undefined
  if (isWritable) return undefined
  return refused('AMOUNT_UNREPRESENTABLE', `${provider.name} cannot represent ${amount} in the minor unit of ${code}`)
}
