import { availableActionsOf, type Surroundings } from './amounts.ts'
import type { NewIssue, StoredDispute } from './changes.ts'
import { foreignSubject } from './foreign-currency.ts'
import { type Payment, refundableOf, suspendedLeftOf } from './payment.ts'
import type { IssueAction } from './views.ts'

/** What a person can do about a payment issue. */

/** An issue as far as its actions depend on it. */
export type IssueSubject = Pick<NewIssue, 'kind' | 'subject' | 'paymentId' | 'amount'>

/** What is known of disputes. */
export type KnownDisputes = readonly Pick<StoredDispute, 'paymentId' | 'ref'>[]

/**
 * The actions that an issue has by its kind and its subject, whatever has become of its payment meanwhile. Each issue can be dismissed.
 *
 * @param disputes those of its order
 */
export function actionsFor({ kind, subject, paymentId }: IssueSubject, disputes: KnownDisputes): IssueAction[] {
  const isOfPayment = subject === paymentId
  switch (kind) {
    case 'late_payment':
    case 'overpaid':
      // What is held can only be released; what was captured is suspended.
      return isOfPayment ? ['void', 'dismiss'] : ['refund', 'accept', 'dismiss']
    case 'amount_mismatch':
      if (paymentId !== undefined && subject === foreignSubject(paymentId)) return ['void', 'dismiss']
      return isOfPayment ? ['capture', 'void', 'dismiss'] : ['dismiss']
    case 'authorization_expiring':
      return ['capture', 'void', 'dismiss']
    case 'refund_failed':
      return ['retry', 'dismiss']
    case 'unmatched_money':
      if (paymentId === undefined || isOfPayment) return ['dismiss']
      if (!subject.startsWith(`${paymentId}:`)) return ['void', 'dismiss']
      return isDispute(subject, paymentId, disputes) ? ['refund', 'dismiss'] : ['dismiss']
    case 'unknown_outcome':
    case 'dispute':
      return ['dismiss']
  }
}

function isDispute(subject: string, paymentId: string, disputes: KnownDisputes): boolean {
  return disputes.some(dispute => dispute.paymentId === paymentId && subject === `${paymentId}:${dispute.ref}`)
}

/** What an issue is shown with. */
export type IssueSurroundings = Surroundings & Readonly<{ payment: Payment; disputes: KnownDisputes }>

/** The actions of an open issue that its payment allows now. @param surroundings undefined: its payment is not here */
export function availableIssueActions(issue: IssueSubject, surroundings: IssueSurroundings | undefined): IssueAction[] {
  if (surroundings === undefined) return ['dismiss']
  const { payment, disputes } = surroundings
  const allowed = availableActionsOf(payment, surroundings)
  const canRefund = allowed.includes('refund') && amountToRefund(issue, payment) > 0
  const isPossible: Readonly<Record<IssueAction, boolean>> = {
    refund: canRefund,
    retry: canRefund,
    accept: suspendedLeftOf(payment) > 0 && payment.pendingRefund === 0,
    capture: allowed.includes('capture'),
    void: allowed.includes('void'),
    dismiss: true,
  }
  return actionsFor(issue, disputes).filter(action => isPossible[action])
}

/**
 * What a refund for an issue is of, in minor units: of late money and money beyond the order's amount what is suspended, and is not
 * being paid back already; otherwise what can be refunded. Never more than the issue is about.
 */
export function amountToRefund({ kind, amount }: IssueSubject, payment: Payment): number {
  const isSuspended = kind === 'late_payment' || kind === 'overpaid'
  const refundable = isSuspended ? Math.max(0, suspendedLeftOf(payment) - payment.pendingRefund) : refundableOf(payment)
  return Math.min(amount ?? refundable, refundable)
}
