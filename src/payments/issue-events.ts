import { Type } from 'typebox'
import { defineEvent } from '../events/definition.ts'
import { nullable } from '../platform/view.ts'
import type { IssueResolution, NewIssue } from './changes.ts'
import { issueActions, issueKinds } from './views.ts'

/** The events of payment issues: the work that payments leave for people. */

/** The type of the streams of payment issues. */
export const issueStreamType = 'payment_issue'

const issueFields = {
  kind: Type.Enum([...issueKinds], { title: 'PaymentIssueKind', description: 'What is wrong' }),
  subject: Type.String({ description: 'What it is about, such as the id of an operation' }),
  payment_id: nullable(Type.String()),
  provider: Type.String(),
  currency: nullable(Type.String(), { description: 'ISO 4217' }),
  amount: nullable(Type.Integer({ minimum: 1, format: 'int64' }), {
    description: 'What it is about, in the minor unit',
  }),
}

const example = {
  kind: 'late_payment' as const,
  subject: 'op_k3v9q2m7x1c8r5t0w4z6b2n8',
  payment_id: 'pay_k3v9q2m7x1c8r5t0w4z6b2n8',
  provider: 'sandbox',
  currency: 'USD',
  amount: 1817,
}

/** Work is left for a person. */
export const issueOpened = defineEvent({
  type: 'payment.issue_opened',
  stream: issueStreamType,
  isFirst: true,
  title: 'A payment issue was opened',
  description: 'Something about money needs a person: it is listed among the payment issues until it is resolved.',
  data: Type.Object({ ...issueFields, detail: Type.String({ description: 'What is wrong, in a sentence' }) }),
  example: { ...example, detail: 'Money was captured for an order that is cancelled.' },
})

/** Nothing is left to be done about it. */
export const issueResolved = defineEvent({
  type: 'payment.issue_resolved',
  stream: issueStreamType,
  title: 'A payment issue was resolved',
  description: 'A person has resolved the issue by an action, or nothing was left of it, and it has settled itself.',
  data: Type.Object({
    ...issueFields,
    action: Type.Enum([...issueActions, 'settled'], {
      title: 'PaymentIssueOutcome',
      description: 'What was done about it; settled: it has settled itself',
    }),
    reason: Type.String({ description: 'Why, in the words of who resolved it' }),
    actor: Type.String({ description: 'Who resolved it' }),
  }),
  example: { ...example, action: 'refund', reason: 'the order was cancelled', actor: 'ada' },
})

/** The data of `payment.issue_opened`. */
export function issueOpenedData(issue: NewIssue) {
  return { ...issueData(issue), detail: issue.detail }
}

/** The data of `payment.issue_resolved`. */
export function issueResolvedData(issue: Omit<NewIssue, 'detail'>, { action, reason, actor }: IssueResolution) {
  return { ...issueData(issue), action, reason, actor }
}

function issueData({ kind, subject, paymentId, provider, currency, amount }: Omit<NewIssue, 'detail'>) {
  return {
    kind,
    subject,
    payment_id: paymentId ?? null,
    provider,
    currency: currency ?? null,
    amount: amount ?? null,
  }
}
