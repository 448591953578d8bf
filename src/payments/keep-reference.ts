import { contextAt } from './commands.ts'
import type { PaymentRules } from './changes.ts'
import { closeDraft } from './close-draft.ts'
import { beginDraft, changePayment } from './draft.ts'
import type { PaymentWriter } from './group.ts'
import type { Payment } from './payment.ts'

/**
 * Makes the function that stores what a provider calls a payment as soon as that is known: a payment whose authorization is not answered
 * is then found by it.
 */
export function keepReference(writer: PaymentWriter, rules: PaymentRules) {
  return ({ orderUid, paymentId }: Payment, providerRef: string): Promise<void> =>
    writer.change({
      orderUid,
      decide(before, nowMs) {
        const payment = before?.payments.find(({ paymentId: id }) => id === paymentId)
        if (before === undefined || payment === undefined || payment.providerRef !== undefined)
          return { result: undefined }
        const draft = beginDraft(before, contextAt(rules, nowMs, undefined))
        changePayment(draft, paymentId, { providerRef })
        const decision = closeDraft(draft)
        return { result: undefined, changes: decision.kind === 'changed' ? decision.changes : undefined }
      },
    })
}
