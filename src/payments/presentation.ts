import { amountsOf, availableActionsOf } from './amounts.ts'
import type { OrderStatus } from '../orders/order.ts'
import type { Failure, Operation, Payment } from './payment.ts'
import { isRecordedPayment, type Provider } from './provider.ts'
import { isClosed } from './totals.ts'
import type { OperationView, PaymentView, PaymentWithOperationsView } from './views.ts'

/** What a payment is shown with. */
export type Shown = Readonly<{
  payment: Payment
  /** Its operations, oldest first; of a list only those that are open. */
  operations: readonly Operation[]
  orderStatus: OrderStatus
}>

/** A payment as the API shows it. @param providers those that are configured */
export function presentPayment(
  { payment, operations, orderStatus }: Shown,
  providers: ReadonlyMap<string, Provider>,
): PaymentView {
  const isRecorded = isRecordedPayment(payment, providers)
  return {
    id: payment.paymentId,
    order_uid: payment.orderUid,
    provider: payment.provider,
    provider_ref: payment.providerRef ?? null,
    state: payment.state,
    currency: payment.currency,
    amount: payment.amount,
    capture: payment.capture,
    amounts: amountsOf(payment),
    next_action: payment.nextAction ?? null,
    available_actions: availableActionsOf(payment, { isOrderClosed: isClosed(orderStatus), isRecorded, operations }),
    authorized_until: timeOf(payment.authorizedUntilMs),
    failure: failureOf(payment.failure),
    created_at: new Date(payment.createdAtMs).toISOString(),
    updated_at: new Date(payment.updatedAtMs).toISOString(),
  }
}

/** The same with everything that was asked of its provider. */
export function presentWithOperations(
  shown: Shown,
  providers: ReadonlyMap<string, Provider>,
): PaymentWithOperationsView {
  return { ...presentPayment(shown, providers), operations: shown.operations.map(presentOperation) }
}

/** Tokens of the payer are not shown. */
function presentOperation(operation: Operation): OperationView {
  return {
    id: operation.operationId,
    kind: operation.kind,
    state: operation.state,
    amount: operation.amount,
    reason: operation.reason,
    actor: operation.actor,
    rids: operation.rids,
    provider_ref: operation.providerRef ?? null,
    failure: failureOf(operation.failure),
    attempts: operation.attempts,
    requested_at: new Date(operation.requestedAtMs).toISOString(),
    settled_at: timeOf(operation.settledAtMs),
  }
}

function failureOf(failure: Failure | undefined) {
  return failure === undefined ? null : { code: failure.code, message: failure.message }
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
