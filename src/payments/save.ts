import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { copyOfTransfers } from '../ledger/transfers.ts'
import {
  changePaymentStatus,
  holdForPayment,
  type PaymentHold,
  type PaymentStatusWrites,
} from '../orders/payment-status.ts'
import type { SavedChange } from '../orders/save-changes.ts'
import { type StatusChangePart, tellParts } from '../orders/status-change-part.ts'
import { type Copy, copyInto } from '../platform/copy.ts'
import { copyOfClaims, takingOver } from '../platform/idempotency/claims-within.ts'
import { type Claim, copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import { type Changes, issueKey, type OrderPayments, type PaymentEvent, settledAt } from './changes.ts'
import { newId } from './ids.ts'
import { insertIssues, issueEvent, resolveIssues } from './issue-queries.ts'
import type { Operation, Payment } from './payment.ts'
import { disputesTable, operationsTable, type OrderTotals, paymentsTable, totalsTable } from './rows.ts'
import type { Change } from './table.ts'

/** What was decided on an order, when, and why. */
export type DecidedChanges = Readonly<{
  before: OrderPayments
  changes: Changes
  cause: Cause
  decidedAtMs: number
  /** The stamp of the order's payments after it. */
  stamp: number
}>

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

/** What becomes of Idempotency-Keys: claims of those that are free, or whose claim is over, and answers. */
export type SavedKeys = Readonly<{
  free: readonly Claim[]
  over: readonly Claim[]
  kept: readonly KeptAnswer[]
  /** Milliseconds since 1970 by the clock of the database. */
  nowMs: number
}>

/**
 * Saves what was decided on several orders, and commits the transaction that holds their locks, in two round trips: what changes by a
 * statement for each table, and then new rows by COPY with the commit.
 *
 * @param decided each on another order
 * @param keys what becomes of the keys of requests
 * @returns the orders whose version is another now
 */
export async function saveAndCommit(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  { free, over, kept, nowMs }: SavedKeys,
  followed: FollowedOrders,
): Promise<ChangedOrder[]> {
  await inOneRoundTrip(client, takingOver(over))
  if (decided.length + kept.length + free.length === 0) {
    await client.query('commit')
    return []
  }
  const { changed, copies } = await saveChanges(client, decided, followed)
  const ofKeys = [copyOfClaims(free, nowMs), copyOfAnswers(kept)]
  await copyInto(client, withRows([...copies, ...ofKeys]), `${notifyOfEvents};\ncommit`)
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
  const orders = changeOrders(decided, nowMs)
  const holds = decided.flatMap(change => holdOf(change, followed.expiresAfterMs) ?? [])
  const parts = orders.confirmed.length === 0 ? [] : followed.parts()
  const concerned = concernedBy(orders.confirmed, parts)
  const answers = await inOneRoundTrip(client, [
    ...concerned.questions,
    ...rowChanges(sorted),
    ...disputesTable.upsert(decided.flatMap(disputesOf)),
    ...orders.updates,
    ...(holds.length === 0 ? [] : [holdForPayment(holds, nowMs)]),
  ])
  const told = concerned.partsBy(answers)
  const ofOrders = told.length === 0 ? orders : await tell(client, orders, told, nowMs)
  const issues = await insertIssues(client, decided.flatMap(newIssuesOf), nowMs)
  const resolved = await resolveIssues(client, decided.flatMap(resolvedIssuesOf))
  const events = decided.flatMap(({ changes, cause }) => changes.events.map(event => toNewEvent(event, cause)))
  const copies = [
    paymentsTable.copyOf(sorted.flatMap(({ payments }) => payments.added)),
    operationsTable.copyOf(sorted.flatMap(({ operations }) => operations.added)),
    totalsTable.copyOf(sorted.flatMap(({ totals }) => totals.added)),
    copyOfTransfers(decided.flatMap(({ changes }) => changes.transfers)),
    ofOrders.transitions,
    copyOfEvents([...ofOrders.events, ...events, ...issues.map(issue => issueEvent(issue, nowMs)), ...resolved]),
  ]
  return { changed: orders.changed, copies }
}

/** Changes rows that are there, by one statement for the three tables. */
function rowChanges(sorted: readonly SortedChanges[]): readonly Statement<undefined>[] {
  const changes = [
    paymentsTable.changesOf(sorted.flatMap(({ payments }) => payments.changed)),
    operationsTable.changesOf(sorted.flatMap(({ operations }) => operations.changed)),
    totalsTable.changesOf(sorted.flatMap(({ totals }) => totals.changed)),
  ]
  return changes.every(json => json === null) ? [] : [command('select change_payments($1, $2, $3)', changes)]
}

type Sorted<Row> = Readonly<{ added: readonly Row[]; changed: readonly Change<Row>[] }>

function sortBy<Row>(before: readonly Row[], rows: readonly Row[], keyOf: (row: Row) => string): Sorted<Row> {
  const stored = new Map(before.map(row => [keyOf(row), row]))
  const [added, changed]: [Row[], Change<Row>[]] = [[], []]
  for (const after of rows) {
    const own = stored.get(keyOf(after))
    if (own === undefined) added.push(after)
    else changed.push({ before: own, after })
  }
  return { added, changed }
}

type SortedChanges = Readonly<{
  payments: Sorted<Payment>
  operations: Sorted<Operation>
  totals: Sorted<OrderTotals>
}>

/** Tells rows that are new from those that are there. */
function sort({ before, changes, stamp }: DecidedChanges): SortedChanges {
  const totals = [{ ...changes.totals, orderUid: before.order.orderUid, stamp }]
  return {
    payments: sortBy(before.isStored ? before.payments : [], changes.payments, ({ paymentId }) => paymentId),
    operations: sortBy(before.operations, changes.operations, ({ operationId }) => operationId),
    totals: before.isStored ? { added: [], changed: totals.map(after => ({ after })) } : { added: totals, changed: [] },
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

/** The parts that have something to do about confirmed orders: some of them have to be asked by a statement. */
function concernedBy(confirmed: readonly SavedChange[], parts: readonly StatusChangePart[]) {
  const asked = parts.map(part => ({ part, question: part.isConcerned?.(confirmed) ?? true }))
  const questions = asked.flatMap(({ question }) => (typeof question === 'boolean' ? [] : question))
  return {
    questions,
    /** @param answers begin with those to the questions */
    partsBy(answers: readonly unknown[]): StatusChangePart[] {
      const inTurn = answers.values()
      return asked.flatMap(({ part, question }) =>
        (typeof question === 'boolean' ? question : inTurn.next().value === true) ? part : [],
      )
    },
  }
}

/** Other modules write behind the rows and events of orders: these are copied first. @returns what is left to be copied */
async function tell(
  client: PoolClient,
  { transitions, events, confirmed }: Omit<PaymentStatusWrites, 'after'>,
  parts: readonly StatusChangePart[],
  nowMs: number,
): Promise<Pick<PaymentStatusWrites, 'transitions' | 'events'>> {
  await copyInto(client, [transitions, copyOfEvents(events)], notifyOfEvents)
  await tellParts(parts, client, confirmed, nowMs)
  return { transitions: { ...transitions, items: 0 }, events: [] }
}

/** What becomes of the orders, and which of them have another version then. */
function changeOrders(decided: readonly DecidedChanges[], nowMs: number) {
  const statuses = decided.flatMap(({ before: { order }, changes, cause }) =>
    changes.order === undefined ? [] : [{ order, ...changes.order, ...cause }],
  )
  const { after, ...writes } = changePaymentStatus(statuses, nowMs)
  return { ...writes, changed: after.filter((order, index) => order.version !== statuses[index]?.order.version) }
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
