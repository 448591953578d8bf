import { copyOfEvents, expectLogHome, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { copyOfTransfers } from '../ledger/transfers.ts'
import type { ChangedState } from '../orders/cache.ts'
import {
  changePaymentStatus,
  holdForPayment,
  type PaymentHold,
  type PaymentStatusWrites,
} from '../orders/payment-status.ts'
import { type StatusChangePart, tellParts } from '../orders/status-change-part.ts'
import { copyBehind } from '../platform/copy-behind.ts'
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
import type { Change } from '../platform/table.ts'

/** What was decided on an order, when, and why. */
export type DecidedChanges = Readonly<{
  before: OrderPayments
  changes: Changes
  cause: Cause
  decidedAtMs: number
  /** The stamp of the order's payments after it. */
  stamp: number
  /** The payments after it; undefined when nobody has made them yet. */
  after?: OrderPayments | undefined
}>

/** What a change of an order is recorded with. */
export type Cause = Readonly<{
  actor: string
  /** W3C Trace Context of the request that made it. */
  traceparent?: string | undefined
}>

/** An order that was changed, as it is then. */
export type ChangedOrder = ChangedState

/** What a transaction has done to orders: those whose version is another now, and the uids of those whose rows were written. */
export type Written = Readonly<{ changed: readonly ChangedOrder[]; rewritten: ReadonlySet<string> }>

/** What becomes of orders beside their payments. */
export type FollowedOrders = Readonly<{
  /** How long unpaid orders wait; undefined: for ever. */
  expiresAfterMs: number | undefined
  /** What other modules do when a payment confirms orders. */
  parts: () => readonly StatusChangePart[]
}>

/** The same for one transaction. */
export type Following = Readonly<{ expiresAfterMs: number | undefined; told: readonly StatusChangePart[] }>

/** What becomes of Idempotency-Keys: claims of those that are free, or whose claim is over, and answers. */
export type SavedKeys = Readonly<{
  free: readonly Claim[]
  over: readonly Claim[]
  kept: readonly KeptAnswer[]
  /** Milliseconds since 1970 by the clock of the database. */
  nowMs: number
}>

/**
 * Saves what was decided on several orders, and commits the transaction that holds their locks: what changes by a statement for each
 * module, and behind it new rows by COPY with the commit. That is one round trip, unless issues are opened or resolved, or other modules
 * are told of confirmed orders.
 *
 * @param decided each on another order
 * @param keys what becomes of the keys of requests
 * @param told other modules' parts that are told when orders are confirmed
 * @returns what was written of orders
 */
export async function saveAndCommit(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  { free, over, kept, nowMs }: SavedKeys,
  { expiresAfterMs, told }: Following,
): Promise<Written> {
  if (decided.length + kept.length + free.length + over.length === 0) {
    await client.query('commit')
    return { changed: [], rewritten: new Set() }
  }
  const writes = writesOf(decided, expiresAfterMs)
  const updates = [...takingOver(over), ...updatesOf(writes)]
  const ofKeys = [copyOfClaims(free, nowMs), copyOfAnswers(kept)]
  const end = `${endOf(writes)};\ncommit`
  if (isAlone(writes, told)) {
    await copyBehind(client, updates, withRows([...copiesOf(writes), ...ofKeys]), end)
  } else {
    await inOneRoundTrip(client, updates)
    const copies = await saveBesides(client, writes, told)
    await copyInto(client, withRows([...copies, ...ofKeys]), end)
  }
  return writes
}

/** Saves what was decided in a transaction that somebody else commits. @returns the orders whose version is another now */
export async function saveWithin(
  client: PoolClient,
  decided: readonly DecidedChanges[],
  { expiresAfterMs, told }: Following,
): Promise<readonly ChangedOrder[]> {
  if (decided.length === 0) return []
  const writes = writesOf(decided, expiresAfterMs)
  await inOneRoundTrip(client, updatesOf(writes))
  const copies = await saveBesides(client, writes, told)
  await copyInto(client, withRows(copies), notifyOfEvents)
  return writes.changed
}

/** Readers of the log are not woken for operations that are asked for: their outcomes come with events. */
export function endOf({ events, orders, transfers, issues, resolved }: Writes): string {
  const isTold = events.length + orders.events.length + transfers.length + issues.length + resolved.length > 0
  return isTold ? notifyOfEvents : expectLogHome
}

/** Those that have rows. */
export const withRows = (copies: readonly Copy[]) => copies.filter(({ items }) => items > 0)

/** What decisions write. */
export type Writes = ReturnType<typeof writesOf>

/** Sorts out what decisions write. */
export function writesOf(decided: readonly DecidedChanges[], expiresAfterMs: number | undefined) {
  const nowMs = Math.max(...decided.map(({ decidedAtMs }) => decidedAtMs))
  const sorted = decided.map(sort)
  const { changed, updates, ...orders } = changeOrders(decided, nowMs)
  const holds = decided.flatMap(change => holdOf(change, expiresAfterMs) ?? [])
  return {
    nowMs,
    sorted,
    changed,
    rewritten: new Set([...changed, ...holds].map(({ orderUid }) => orderUid)),
    orders,
    rows: changedRows(sorted),
    /** The other statements that change rows. */
    updates: [
      ...disputesTable.upsert(decided.flatMap(disputesOf)),
      ...updates,
      ...(holds.length === 0 ? [] : [holdForPayment(holds, nowMs)]),
    ],
    transfers: decided.flatMap(({ changes }) => changes.transfers),
    events: decided.flatMap(({ changes, cause }) => changes.events.map(event => toNewEvent(event, cause))),
    issues: decided.flatMap(newIssuesOf),
    resolved: decided.flatMap(resolvedIssuesOf),
  }
}

/** Whether the rows of payments and orders are all that is written. */
export function isAlone({ orders, issues, resolved }: Writes, told: readonly StatusChangePart[]): boolean {
  return issues.length + resolved.length === 0 && (told.length === 0 || orders.confirmed.length === 0)
}

/** Tells other modules, opens and resolves issues. @returns the rows that are left, which are written last */
async function saveBesides(client: PoolClient, writes: Writes, told: readonly StatusChangePart[]): Promise<Copy[]> {
  const { orders, nowMs } = writes
  const isTold = told.length > 0 && orders.confirmed.length > 0
  const ofOrders = isTold ? await tell(client, orders, told, nowMs) : orders
  const issues = await insertIssues(client, writes.issues, nowMs)
  const resolved = await resolveIssues(client, writes.resolved)
  return copiesOf({ ...writes, orders: ofOrders }, [...issues.map(issue => issueEvent(issue, nowMs)), ...resolved])
}

/** The new rows. @param more events behind those of orders and payments */
export function copiesOf(
  { sorted, transfers, orders, events }: Pick<Writes, 'sorted' | 'transfers' | 'events'> & { orders: OrderRows },
  more: readonly NewEvent[] = [],
): Copy[] {
  return [
    paymentsTable.copyOf(sorted.flatMap(({ payments }) => payments.added)),
    operationsTable.copyOf(sorted.flatMap(({ operations }) => operations.added)),
    totalsTable.copyOf(sorted.flatMap(({ totals }) => totals.added)),
    copyOfTransfers(transfers),
    orders.transitions,
    copyOfEvents([...orders.events, ...events, ...more]),
  ]
}

type OrderRows = Pick<PaymentStatusWrites, 'transitions' | 'events'>

/** What has changed of payments, operations and totals that are there, as `change_payments` takes it. */
function changedRows(sorted: readonly SortedChanges[]): readonly (string | null)[] {
  return [
    paymentsTable.changesOf(sorted.flatMap(({ payments }) => payments.changed)),
    operationsTable.changesOf(sorted.flatMap(({ operations }) => operations.changed)),
    totalsTable.changesOf(sorted.flatMap(({ totals }) => totals.changed)),
  ]
}

function updatesOf({ rows, updates }: Writes): readonly Statement<undefined>[] {
  if (rows.every(json => json === null)) return updates
  return [command('select change_payments($1, $2, $3)', rows), ...updates]
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

/** Other modules write behind the rows and events of orders: these are copied first. @returns what is left to be copied */
async function tell(
  client: PoolClient,
  { transitions, events, confirmed }: OrderRows & Pick<PaymentStatusWrites, 'confirmed'>,
  parts: readonly StatusChangePart[],
  nowMs: number,
): Promise<OrderRows> {
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
