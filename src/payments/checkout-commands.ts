import { AppError } from '../errors.ts'
import { notFound } from '../orders/commands.ts'
import { applyChanges } from './apply-changes.ts'
import type { OrderPayments } from './changes.ts'
import type { OpeningPayment } from './checkout-part.ts'
import { type ClaimedOperation, providerOf } from './claim.ts'
import { apply, ask, type CommandOptions, contextAt } from './commands.ts'
import { type BeginInput, decideBegin } from './decide-begin.ts'
import { isOpen } from './payment.ts'

/** Payments of a checkout: it finds what it has begun by the order, so it needs no Idempotency-Key. */
export type CheckoutCommands = Readonly<{
  /** Calls the provider for a payment that its order was placed with. @returns the order with its payments as they are then */
  send(opened: OpeningPayment): Promise<OrderPayments>
  /**
   * Begins another payment of an order, and calls the provider. When the operation is there already, nothing is done.
   *
   * @returns the order with its payments as they are then
   * @throws AppError with the code of the refusal, ORDER_NOT_FOUND, or as `PaymentWriter.change` does
   */
  payAgain(orderUid: string, input: BeginInput, traceparent: string | undefined): Promise<OrderPayments>
  /** The order with its payments; undefined when it is not stored. */
  read(orderUid: string): Promise<OrderPayments | undefined>
}>

export function createCheckoutCommands(options: CommandOptions): CheckoutCommands {
  const { writer } = options
  const call = async (claimed: ClaimedOperation) => {
    const { operationId } = claimed.operation
    await options.hooks.reached('stored', operationId)
    const { after } = await apply(options, claimed, await ask(options, claimed))
    await options.hooks.reached('applied', operationId)
    return after
  }
  return {
    send({ claimed, stored, stamp }) {
      // It spares its outcome the load of what was stored a moment ago.
      writer.remember(claimed.operation.orderUid, stamp, stored)
      return call(claimed)
    },
    async payAgain(orderUid, input, traceparent) {
      const begun = await begin(options, orderUid, input, traceparent)
      return 'claimed' in begun ? call(begun.claimed) : begun.after
    },
    read: orderUid => writer.change({ orderUid, decide: before => ({ result: before }) }),
  }
}

type Begun = Readonly<{ claimed: ClaimedOperation }> | Readonly<{ after: OrderPayments }>

function begin(
  { writer, rules }: CommandOptions,
  orderUid: string,
  input: BeginInput,
  traceparent: string | undefined,
): Promise<Begun> {
  return writer.change<Begun>({
    orderUid,
    decide(before, nowMs) {
      if (before === undefined) throw notFound(orderUid)
      if (before.operations.some(({ operationId }) => operationId === input.operationId))
        return { result: { after: before } }
      const context = contextAt(rules, nowMs, traceparent)
      const decision = decideBegin(before, input, context)
      if (decision.kind === 'refused') throw new AppError(decision.code, decision.detail)
      const changes = decision.kind === 'changed' ? decision.changes : undefined
      const after = changes === undefined ? before : applyChanges(before, changes, nowMs)
      const operation = after.operations.find(({ operationId }) => operationId === input.operationId)
      const payment = after.payments.find(({ paymentId }) => paymentId === input.paymentId)
      const provider = operation && providerOf(after, operation, context)
      const cause = { actor: input.actor, traceparent }
      if (operation !== undefined && payment !== undefined && provider !== undefined && isOpen(operation))
        return { result: { claimed: { payment, operation, provider, step: 'call' } }, changes, cause }
      return { result: { after }, changes, cause }
    },
  })
}
