import { amountText } from '../platform/amount-text.ts'
import type { StoredDispute } from './changes.ts'
import {
  book,
  changePayment,
  type Draft,
  disputeKey,
  emit,
  openIssue,
  paymentIn,
  putDispute,
  settleIssue,
} from './draft.ts'
import { disputeData, paymentEvents } from './events.ts'
import { noteOverdraft } from './moves.ts'
import type { DisputeReport, PaymentReport } from './provider.ts'
import { isOver } from './suspense.ts'

/** Later words beat earlier ones. A dispute that was lost may be won after all; a new one about the same payment has a new reference. */
const rank = { open: 1, lost: 2, won: 3 } as const

/** Applies what a report says of disputes: the bank takes the money when one is opened, and gives it back when it is won. */
export function applyDisputes(draft: Draft, paymentId: string, { disputes }: PaymentReport): void {
  for (const dispute of disputes) applyDispute(draft, paymentId, dispute)
}

function applyDispute(draft: Draft, paymentId: string, { ref, amount, state }: DisputeReport): void {
  const known = draft.disputes.get(disputeKey({ paymentId, ref }))
  if (known !== undefined && rank[state] <= rank[known.state]) return
  const dispute: StoredDispute = { ref, paymentId, amount: known?.amount ?? amount, state }
  putDispute(draft, dispute)
  draft.reason = `payment ${paymentId} was disputed`
  const subject = `${paymentId}:${ref}`
  if (known === undefined && state !== 'won') takeBack(draft, dispute, subject)
  if (known !== undefined && state === 'won') giveBack(draft, dispute)
  const payment = paymentIn(draft, paymentId)
  if (known !== undefined && known.amount !== amount)
    openIssue(draft, payment, {
      kind: 'amount_mismatch',
      subject,
      amount,
      detail: `a dispute of ${amountText(known.amount, payment.currency)} is one of ${amountText(amount, payment.currency)} now`,
    })
  if (state === 'open') return
  settleIssue(draft, 'dispute', subject)
  emit(draft, paymentId, paymentEvents.disputeClosed, { ...disputeData(dispute), outcome: state })
}

function takeBack(draft: Draft, dispute: StoredDispute, subject: string): void {
  const { paymentId, ref, amount } = dispute
  changePayment(draft, paymentId, { disputed: paymentIn(draft, paymentId).disputed + amount })
  const payment = noteOverdraft(draft, paymentId)
  book(draft, payment, { kind: 'dispute', transferId: `${paymentId}:dispute:${ref}`, amount, operationId: undefined })
  emit(draft, paymentId, paymentEvents.disputed, disputeData(dispute))
  openIssue(draft, payment, {
    kind: 'dispute',
    subject,
    amount,
    detail: "the payer's bank has taken money back: answer the dispute at the provider before its deadline",
  })
}

function giveBack(draft: Draft, { paymentId, ref, amount }: StoredDispute): void {
  changePayment(draft, paymentId, { disputed: paymentIn(draft, paymentId).disputed - amount })
  const payment = noteOverdraft(draft, paymentId)
  const transferId = `${paymentId}:dispute_reversal:${ref}`
  book(draft, payment, { kind: 'dispute_reversal', transferId, amount, operationId: undefined })
  if (isOver(draft))
    openIssue(draft, payment, {
      kind: 'unmatched_money',
      subject: `${paymentId}:${ref}`,
      amount,
      detail: `a dispute was won of an order that is ${draft.before.order.state.status}: refund the money, or keep it`,
    })
}
