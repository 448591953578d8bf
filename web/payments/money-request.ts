import { commonTexts } from '../parts/texts.ts'
import { Refusal, request } from '../platform/api.ts'
import type { IdempotencyKey } from '../platform/idempotency-key.ts'
import { money } from '../platform/money.ts'
import { notify } from '../platform/notices.ts'
import { type OperationKind, type Payment, type PaymentWithOperations, refundableOf } from './payment.ts'
import { paymentIn, type PaymentsModel } from './payment-model.ts'
import { texts } from './texts.ts'

/** The service waits for a provider, and then answers; it takes longer than other requests. */
export const answerDeadlineMs = 45_000

/** Sends what moves money. @returns the payment then @throws Refusal */
export async function sendMoney(path: string, body: object, key: IdempotencyKey): Promise<Payment> {
  const response = await key.use(headers =>
    request(path, {
      method: 'POST',
      headers,
      body: { ...body, actor: 'web' },
      signal: AbortSignal.timeout(answerDeadlineMs),
    }),
  )
  return (await response.json()) as Payment
}

type Move = {
  path: 'capture' | 'void' | 'refunds' | 'records'
  kind: OperationKind
  body: object
  /** In the minor unit: what is said to have moved. */
  amount: number
  /** What is said when it is done. */
  done: string
  key: IdempotencyKey
}

/**
 * Asks something of a payment, reads it again, and says what came of it: done, refused by the provider in its words, or not known yet.
 *
 * @param before the payment as it was shown when it was asked
 * @throws Refusal
 */
export async function movePayment(model: PaymentsModel, before: PaymentWithOperations, move: Move): Promise<void> {
  const { id, currency } = before
  try {
    await sendMoney(`/api/payments/${encodeURIComponent(id)}/${move.path}`, move.body, move.key)
  } catch (error) {
    // What is shown is out of date: somebody else was faster.
    if (error instanceof Refusal && error.status === 409) await model.load()
    throw error instanceof Refusal ? inCurrency(error, paymentIn(model, id) ?? before) : error
  }
  await model.load()
  const known = new Set(before.operations.map(operation => operation.id))
  const made = paymentIn(model, id)?.operations.findLast(
    operation => operation.kind === move.kind && !known.has(operation.id),
  )
  const amount = money(move.amount, currency)
  const kind = texts.kinds[move.kind]
  if (made?.failure != null) notify({ tone: 'bad', text: texts.outcomes.refused(kind, amount, made.failure.message) })
  else if (made !== undefined && made.state !== 'succeeded') {
    notify({ tone: 'plain', text: texts.outcomes.open(kind, amount) })
  } else notify({ tone: 'good', text: move.done })
}

/** A refusal that names an amount, which the service does in the minor unit, with the amount as it is shown. */
function inCurrency(refusal: Refusal, { currency, amounts }: Payment): Refusal {
  const limits: Record<string, number> = {
    CAPTURE_EXCEEDS_AUTHORIZED: amounts.capturable,
    REFUND_EXCEEDS_CAPTURED: refundableOf(amounts),
  }
  const limit = limits[refusal.code]
  if (limit === undefined) return refusal
  const { status, message, code } = refusal
  return new Refusal(status, { title: message, code, detail: commonTexts.amount.atMost(money(limit, currency)) })
}
