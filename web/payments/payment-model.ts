import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import { isUnderWay, type PaymentWithOperations } from './payment.ts'

/** Payments that a page shows: those of an order, or a single one. */
export type PaymentsModel = Latest<readonly PaymentWithOperations[]>

export function readPaymentsOf(orderUid: string): PaymentsModel {
  return new Latest(() => ask<PaymentWithOperations[]>(`/api/orders/${encodeURIComponent(orderUid)}/payments`))
}

export function readPayment(id: string): PaymentsModel {
  return new Latest(async () => [await ask<PaymentWithOperations>(`/api/payments/${encodeURIComponent(id)}`)])
}

/** Reads again while an outcome is open. */
export async function follow(model: PaymentsModel): Promise<void> {
  if (model.value.peek()?.some(isUnderWay) === true) await model.load()
}

/** A payment as it is shown. */
export function paymentIn(model: PaymentsModel, id: string): PaymentWithOperations | undefined {
  return model.value.peek()?.find(payment => payment.id === id)
}
