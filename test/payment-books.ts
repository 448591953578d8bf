import { Compile } from 'typebox/compile'
import type { EventDefinition } from '../src/events/definition.ts'
import { accountsOf, type Transfer } from '../src/ledger/transfer.ts'
import { type Changes, issueKey, type OrderPayments } from '../src/payments/changes.ts'
import { heldOf, isOpen, type Payment, suspendedLeftOf } from '../src/payments/payment.ts'
import { isClosed, totalsOf } from '../src/payments/totals.ts'
import { disputedBy, heldBy, refundedBy, type SimulatedProvider } from './simulated-provider.ts'

/** What must hold of payments and their books after each decision, and when everything has settled. */

export type Books = {
  transfers: Map<string, Transfer>
  /** The version of each payment's last event. */
  versions: Map<string, number>
  /** The issues that are open, by `issueKey`. */
  issues: Set<string>
}

const checks = new Map<EventDefinition, (data: unknown) => boolean>()

function isLike(definition: EventDefinition, data: unknown): boolean {
  let check = checks.get(definition)
  if (check === undefined) {
    const compiled = Compile(definition.data)
    check = value => compiled.Check(value)
    checks.set(definition, check)
  }
  return check(data)
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** Credits less debits of an account. */
function balanceOf(books: Books, account: string): number {
  return sum(
    [...books.transfers.values()].map(transfer => {
      const { debit, credit } = accountsOf(transfer)
      const amount = Number(transfer.amount)
      return (credit === account ? amount : 0) - (debit === account ? amount : 0)
    }),
  )
}

/** Takes what a decision books and tells, and names every rule that is broken then. */
export function brokenRules(books: Books, before: OrderPayments, now: OrderPayments, changes: Changes): string[] {
  const told = changes.events.flatMap(({ payment, definition }) => {
    const last = books.versions.get(payment.paymentId) ?? 0
    books.versions.set(payment.paymentId, payment.version)
    return payment.version === last + 1 ? [] : [`${definition.type} is version ${payment.version} after ${last}`]
  })
  const unlike = changes.events.flatMap(({ definition, data }) =>
    isLike(definition, data) ? [] : [`${definition.type} carries ${JSON.stringify(data)}`],
  )
  const booked = changes.transfers.flatMap(transfer => {
    const isTwice = books.transfers.has(transfer.transferId)
    books.transfers.set(transfer.transferId, transfer)
    return isTwice || Number(transfer.amount) <= 0 ? [`booked ${transfer.transferId} of ${transfer.amount}`] : []
  })
  for (const issue of changes.settled) books.issues.delete(issueKey(issue))
  if (changes.resolved !== undefined) books.issues.delete(issueKey(changes.resolved))
  for (const issue of changes.issues) books.issues.add(issueKey(issue))
  const moved = now.operations.flatMap(operation => {
    const was = before.operations.find(({ operationId }) => operationId === operation.operationId)
    const isBack = was?.state === 'succeeded' && (operation.kind !== 'refund' || operation.state !== 'failed')
    return isBack && operation.state !== 'succeeded' ? [`${operation.operationId} went back to ${operation.state}`] : []
  })
  return [...told, ...unlike, ...booked, ...moved, ...now.payments.flatMap(constraintsOf), ...orderRules(books, now)]
}

/** The constraints of the tables, and that the sums are those of the operations. */
function constraintsOf(payment: Payment): string[] {
  const { authorized, captured, released, refunded, disputed, overcaptured, overdrawn, pendingCapture, pendingRefund } =
    payment
  const { suspended, suspendedRefunded, suspendedAuthorized, accepted } = payment
  const rules: Record<string, boolean> = {
    'captured was authorized':
      captured + released + Math.max(pendingCapture, suspendedAuthorized) <= authorized + overcaptured,
    'suspended was captured':
      suspended <= captured && suspendedRefunded <= refunded && suspendedRefunded + accepted <= suspended,
    'refunded was captured': refunded + Math.max(pendingRefund, disputed) <= captured + overdrawn,
    'no sum is negative': Object.values(payment).every(value => typeof value !== 'number' || value >= 0),
  }
  return Object.entries(rules).flatMap(([name, holds]) => (holds ? [] : [`${name}: ${JSON.stringify(payment)}`]))
}

function orderRules(books: Books, { order, payments, operations, isSold }: OrderPayments): string[] {
  const totals = totalsOf(order, payments, isSold)
  const { open, authorized, captured, refunded } = totals
  const owed = isSold && !isClosed(order.state.status) ? Math.max(0, order.amount - captured) : 0
  const of = (kind: 'capture' | 'refund') =>
    sum(operations.filter(one => one.kind === kind && one.state === 'succeeded').map(({ amount }) => amount))
  const rules: Record<string, boolean> = {
    'payments fit the order': open + authorized + captured - refunded <= order.amount,
    'no total is negative': Math.min(open, authorized, captured, refunded, totals.disputed) >= 0,
    'the receivable is what is owed': balanceOf(books, 'receivable') === -owed,
    'clearing is what providers hold': ['called', 'manual'].every(provider => {
      const own = payments.filter(payment => payment.provider === provider)
      return (
        -balanceOf(books, `clearing:${provider}`) === sum(own.map(one => one.captured - one.refunded - one.disputed)) &&
        balanceOf(books, `suspense:${provider}`) === sum(own.map(suspendedLeftOf))
      )
    }),
    'sums are those of operations':
      of('capture') === sum(payments.map(one => one.captured)) &&
      of('refund') === sum(payments.map(one => one.refunded)),
    'an order that is over says whether money is left':
      !isClosed(order.state.status) ||
      sum(payments.map(one => one.captured - one.refunded - one.disputed)) > 0 ===
        ['paid', 'partially_paid', 'partially_refunded'].includes(order.state.paymentStatus),
    'what is settled is not due': operations.every(one => isOpen(one) === (one.nextAttemptAtMs !== undefined)),
  }
  return Object.entries(rules).flatMap(([name, holds]) =>
    holds ? [] : [`${name}: ${JSON.stringify({ order, totals })}`],
  )
}

/**
 * The model: when everything has settled, we know of each payment exactly what its provider does, each operation was carried out once
 * at the most, and nothing of an order that is over is left with a provider without a person being told.
 */
export function compareWithModel(
  { order, payments, operations }: OrderPayments,
  books: Books,
  { charges, effects }: SimulatedProvider,
  latePolicy: 'refund' | 'hold',
): string[] {
  const open = operations.filter(isOpen).map(({ operationId, kind }) => `${kind} ${operationId} is still open`)
  const doubled = [...effects].flatMap(([id, times]) => (times > 1 ? [`${id} was carried out ${times} times`] : []))
  const differing = payments.flatMap(payment => {
    const charge = charges.get(payment.paymentId)
    if (charge === undefined)
      return payment.provider === 'manual' || payment.captured === 0 ? [] : ['money from nowhere']
    const ours = [payment.captured, payment.refunded, payment.disputed, heldOf(payment)]
    const theirs = [charge.captured, refundedBy(charge, 'succeeded'), disputedBy(charge), heldBy(charge)]
    return ours.join() === theirs.join()
      ? []
      : [`${payment.paymentId} has ${ours.join()}, the provider ${theirs.join()}`]
  })
  const orphaned = payments.filter(payment => {
    const { paymentId, captured, refunded, disputed, accepted } = payment
    const left = heldOf(payment) + captured - refunded - disputed - accepted
    const own = operations.filter(one => one.paymentId === paymentId).map(({ operationId }) => operationId)
    const isAbout = (subject = '') => own.includes(subject) || subject.split(':')[0] === paymentId
    const isTold = [...books.issues].some(key => isAbout(key.split(' ')[1]))
    return isClosed(order.state.status) && latePolicy === 'refund' && left > 0 && !isTold
  })
  return [...open, ...doubled, ...differing, ...orphaned.map(({ paymentId }) => `${paymentId} is orphaned`)]
}
