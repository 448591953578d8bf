import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { copyOfTransfers } from '../ledger/transfers.ts'
import { changePaymentStatus, holdForPayment, type PaymentHold } from '../orders/payment-status.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { type Copy, copyInto } from '../platform/copy.ts'
import { copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { type Changes, issueKey, type OrderPayments, type PaymentEvent, settledAt } from './changes.ts'
import { newId } from './ids.ts'
import { insertIssues, issueEvent, resolveIssues } from './issue-queries.ts'
import type { Operation, Payment } from './payment.ts'
import { disputesTable, operationsTable, paymentsTable, totalsTable } from './rows.ts'

/** What was decided on an order, when, and why. */
export type DecidedChanges = Readonly<{ before: OrderPayments; changes: Changes; cause: Cause; decidedAtMs: number }>

/** What a change of an order is recorded with. */
export type Cause = Readonly<{
  actor: string
  /** W3C Trace Context of the request that made it. */
  traceparent?: string | undefined
}>

/** An order that was changed, with its version. */
export type ChangedOrder = Readonly<{ orderUid: string; version: number }>

/** What becomes of orders beside their payments. */
export type FollowedOrders = Readonly<{
  /** How long unpaid orders wait; undefined: for ever. */
  expiresAfterMs: number | undefined
  /** What other modules do when a payment confirms orders. */
  parts: () => readonly StatusChangePart[]
}>

/**
 * Saves what was decided on several orders, and commits the transaction that holds their locks: a statement for each table, and new rows
 * by COPY with the commit.
 *
 * @param decided each on another order
 * @param kept answers to requests with an Idempotency-Key
 * @returns the orders whose version is another now
 */
export async function saveAndCommit(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  kept: readonly KeptAnswer[],
  followed: FollowedOrders,
): Promise<ChangedOrder[]> {
  if (decided.length + kept.length === 0) {
    await client.query('commit')
    return []
  }
  const { changed, copies } = await saveChanges(client, decided, followed)
  await copyInto(client, withRows([...copies, copyOfAnswers(kept)]), `${notifyOfEvents};\ncommit`)
  return changed
}

/** Saves what was decided in a transaction that somebody else commits. @returns as `saveAndCommit` does */
export async function saveWithin(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  followed: FollowedOrders,
): Promise<ChangedOrder[]> {
  if (decided.length === 0) return []
  const { changed, copies } = await saveChanges(client, decided, followed)
  await copyInto(client, withRows(copies), notifyOfEvents)
  return changed
}

const withRows = (copies: readonly Copy[]) => copies.filter(({ items }) => items > 0)

/** Saves all but the rows of `copies`, which are written last: COPY can bring the commit along. */
async function saveChanges(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  followed: FollowedOrders,
): Promise<{ changed: ChangedOrder[]; copies: Copy[] }> {
  const nowMs = Math.max(...decided.map(({ decidedAtMs }) => decidedAtMs))
  const sorted = decided.map(sort)
  await paymentsTable.update(
    client,
    sorted.flatMap(({ payments }) => payments.changed),
  )
  await operationsTable.update(
    client,
    sorted.flatMap(({ operations }) => operations.changed),
  )
  await disputesTable.upsert(client, decided.flatMap(disputesOf))
  await totalsTable.upsert(
    client,
    decided.map(({ before, changes }) => ({ ...changes.totals, orderUid: before.order.orderUid })),
  )
  const issues = await insertIssues(client, decided.flatMap(newIssuesOf), nowMs)
  const resolved = await resolveIssues(client, decided.flatMap(resolvedIssuesOf))
  const changed = await changeOrders(client, decided, nowMs, followed)
  const events = decided.flatMap(({ changes, cause }) => changes.events.map(event => toNewEvent(event, cause)))
  const copies = [
    paymentsTable.copyOf(sorted.flatMap(({ payments }) => payments.added)),
    operationsTable.copyOf(sorted.flatMap(({ operations }) => operations.added)),
    copyOfTransfers(decided.flatMap(({ changes }) => changes.transfers)),
    copyOfEvents([...events, ...issues.map(issue => issueEvent(issue, nowMs)), ...resolved]),
  ]
  return { changed, copies }
}

type Sorted<Row> = Readonly<{ added: readonly Row[]; changed: readonly Row[] }>

/** Tells rows that are new from those that are there. */
function sort({ before, changes }: DecidedChanges): { payments: Sorted<Payment>; operations: Sorted<Operation> } {
  const payments = new Set(before.isStored ? before.payments.map(({ paymentId }) => paymentId) : [])
  const operations = new Set(before.operations.map(({ operationId }) => operationId))
  return {
    payments: {
      added: changes.payments.filter(({ paymentId }) => !payments.has(paymentId)),
      changed: changes.payments.filter(({ paymentId }) => payments.has(paymentId)),
    },
    operations: {
      added: changes.operations.filter(({ operationId }) => !operations.has(operationId)),
      changed: changes.operations.filter(({ operationId }) => operations.has(operationId)),
    },
  }
}

function disputesOf({ before, changes, decidedAtMs }: DecidedChanges) {
  const { orderUid } = before.order
  return changes.disputes.map(dispute => ({ ...dispute, orderUid, updatedAtMs: decidedAtMs }))
}

function newIssuesOf({ before, changes }: DecidedChanges) {
  return changes.issues
    .filter(issue => !before.issues.has(issueKey(issue)))
    .map(issue => ({ ...issue, issueId: newId('iss') }))
}

function resolvedIssuesOf({ changes: { settled, resolved }, decidedAtMs }: DecidedChanges) {
  const settledIssues = settled.map(issue => ({ ...issue, ...settledAt(decidedAtMs) }))
  return resolved === undefined ? settledIssues : [...settledIssues, resolved]
}

function toNewEvent({ payment, definition, data }: PaymentEvent, { traceparent }: Cause): NewEvent {
  return {
    streamId: payment.paymentId,
    concernsOrder: payment.orderUid,
    sequence: payment.version,
    definition,
    recordedAt: new Date(payment.updatedAtMs),
    data: JSON.stringify(data),
    traceparent,
  }
}

async function changeOrders(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  nowMs: number,
  { expiresAfterMs, parts }: FollowedOrders,
): Promise<ChangedOrder[]> {
  const statuses = decided.flatMap(({ before: { order }, changes, cause }) =>
    changes.order === undefined ? [] : [{ order, ...changes.order, ...cause }],
  )
  const after = await changePaymentStatus(client, statuses, nowMs, parts())
  const holds = decided.flatMap(change => holdOf(change, expiresAfterMs) ?? [])
  await holdForPayment(client, holds, nowMs)
  return after.filter((order, index) => order.version !== statuses[index]?.order.version)
}

/**
 * How long the order waits for its payment. An order that is not pending expires no more, and one that would expire later anyway needs no
 * hold: nearly every payment is spared a write of its order.
 */
function holdOf({ before: { order }, changes }: DecidedChanges, expiresAfterMs = Infinity): PaymentHold | undefined {
  const { orderUid, state, paymentPendingUntilMs: heldUntilMs, updatedAtMs } = order
  if (changes.order === undefined || changes.order.confirm || state.status !== 'pending') return undefined
  const untilMs = changes.order.pendingUntilMs
  const isNeeded = untilMs === undefined || untilMs > updatedAtMs + expiresAfterMs
  return untilMs === heldUntilMs || (heldUntilMs === undefined && !isNeeded) ? undefined : { orderUid, untilMs }
}
