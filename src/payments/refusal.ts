import { type Draft, emit, operationIn, paymentIn, putOperation } from './draft.ts'
import { operationData, paymentEvents } from './events.ts'
import { leaveHeld } from './late-money.ts'
import { capPending, tellRefundFailed } from './moves.ts'
import { settledOperation } from './new-payment.ts'
import { type Failure, isWaiting, type Operation } from './payment.ts'
import { failPayment } from './report-authorization.ts'

/** Records the provider's word that an open operation is not done, and will not be: what it held up is free again. */
export function refuseOperation(draft: Draft, operation: Operation, failure: Failure): void {
  const { paymentId, operationId, kind } = operation
  putOperation(draft, settledOperation(operation, { state: 'failed', failure }, draft.context.nowMs))
  capPending(draft, paymentId)
  if (kind === 'refund') {
    tellRefundFailed(draft, operation, failure)
    return
  }
  const payment = paymentIn(draft, paymentId)
  if (kind === 'authorize') {
    if (isWaiting(payment)) failPayment(draft, paymentId, failure)
    return
  }
  emit(draft, paymentId, paymentEvents.failed, { ...operationData(operation), operation: kind, failure })
  if (kind === 'void') leaveHeld(draft, operationIn(draft, operationId))
}
