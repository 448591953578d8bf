import { type Draft, changePayment, emit, paymentIn, putOperation } from './draft.ts'
import { paymentEvents } from './events.ts'
import { capPending, stateOf } from './moves.ts'
import { requestedOperation, settledOperation } from './new-payment.ts'
import { heldOf, isWaiting, type Operation, type Payment } from './payment.ts'

/** Records that what is left of an authorization was released, or that the payment ended before anything was authorized. */
export function recordRelease(draft: Draft, paymentId: string, how: 'voided' | 'expired'): void {
  const before = paymentIn(draft, paymentId)
  const held = isWaiting(before) ? 0 : heldOf(before)
  if (held === 0 && !isWaiting(before)) return
  const released: Payment = {
    ...before,
    released: before.released + held,
    suspendedAuthorized: 0,
    nextAction: undefined,
    state: how,
  }
  changePayment(draft, paymentId, { ...released, state: stateOf(released) })
  capPending(draft, paymentId)
  draft.reason = `payment ${paymentId} was ${how}`
  const definition = how === 'voided' ? paymentEvents.voided : paymentEvents.authorizationExpired
  emit(draft, paymentId, definition, { released: held })
}

/** Releases what is left of recorded money: nobody needs to be asked, so the void has happened. */
export function releaseRecorded(
  draft: Draft,
  payment: Payment,
  { operationId, reason, actor }: Pick<Operation, 'operationId' | 'reason' | 'actor'>,
): void {
  const { context } = draft
  const amount = heldOf(payment)
  const requested = requestedOperation(payment, { operationId, kind: 'void', amount, reason, actor }, context)
  putOperation(draft, settledOperation(requested, { state: 'succeeded' }, context.nowMs))
  recordRelease(draft, payment.paymentId, 'voided')
}
