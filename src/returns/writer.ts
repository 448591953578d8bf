import type { OrderShipments, ShipmentChange } from '../deliveries/changes.ts'
import { beginWithShipments } from '../deliveries/load.ts'
import { type ChangedOrder, saveWithin } from '../deliveries/save.ts'
import { AppError } from '../errors.ts'
import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import type { MovementEntry } from '../inventory/entry.ts'
import { lockItems } from '../inventory/item-locks.ts'
import { recordWithin } from '../inventory/record-entries.ts'
import { readStock } from '../inventory/stock-queries.ts'
import { notFound } from '../orders/commands.ts'
import { findStored } from '../orders/queries.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { copyInto } from '../platform/copy.ts'
import { createGroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import type { OrderReturns, ReturnChange, ReturnDecision } from './changes.ts'
import { eventsOf } from './events.ts'
import { readReturnsOf } from './load.ts'
import { isLive, type Return } from './return.ts'
import { returnsTable, type UnitOf, unitsTable } from './rows.ts'

/** The one way to change returns: each change is a transaction under the lock of its order. */
export type ReturnWriter = Readonly<{
  /**
   * Locks an order, loads its shipments and returns, decides, and saves what was decided with what it does to shipments and stock.
   *
   * @returns the decision's result, when it is durable
   * @throws what `decide` throws; AppError ORDER_NOT_FOUND, ORDER_LOCKED when another transaction keeps the order, OVERLOADED, or of a
   *   movement that the stock refuses; the database's error, after which it is not known whether it was saved
   */
  change<Result>(request: ReturnRequest<Result>): Promise<Result>
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

export type ReturnRequest<Result> = Readonly<{
  orderUid: string
  /** Whether it needs the order's document. */
  wantsDocument?: boolean
  /** The items whose stock it may move: they are locked. */
  itemsOf?(before: OrderReturns): readonly number[]
  /** Decides. Called again when the transaction is repeated, so it must be pure. */
  decide(before: OrderReturns, facts: Facts): Readonly<{ result: Result; decision: ReturnDecision }>
}>

/** What a decision is made by beside the order's returns. */
export type Facts = Readonly<{
  /** The order's document as it is stored; '' unless it is wanted. */
  document: string
  /** Those of the items that have stock. */
  tracked: ReadonlySet<number>
  nowMs: number
}>

export type ReturnWriterOptions = Readonly<{
  pool: Pool
  now: () => number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
  /** What other modules do when what comes back completes an order. */
  parts: () => readonly StatusChangePart[]
  /** Called after the commit, before the sender knows. */
  onCommitted: (change: ReturnChange, changed: readonly ChangedOrder[]) => void
}>

/** How many transactions there are at a time, and how many requests wait. Each order has its own, so that a refusal is of one only. */
const limits = { groupMax: 1, writersMax: 4, waitingMax: 1_000 }

export function createReturnWriter(options: ReturnWriterOptions): ReturnWriter {
  const writer = createGroupedWriter<ReturnRequest<unknown>, unknown>({
    what: 'changes of returns',
    keyOf: ({ orderUid }) => orderUid,
    writeGroup: requests => Promise.all(requests.map(request => write(options, request))),
    ...limits,
    busyError: () => new AppError('ORDER_LOCKED', 'another transaction has the order'),
  })
  return {
    change: <Result>(request: ReturnRequest<Result>) => writer.write(request) as Promise<Result>,
    close: deadlineMs => writer.close(deadlineMs),
  }
}

type Written = Readonly<{ outcome: Outcome<unknown>; change?: ReturnChange; changed?: readonly ChangedOrder[] }>

async function write(options: ReturnWriterOptions, request: ReturnRequest<unknown>): Promise<Outcome<unknown>> {
  const {
    outcome,
    change,
    changed = [],
  } = await withConnection(options.pool, client => writeWithin(client, options, request))
  if (change !== undefined) options.onCommitted(change, changed)
  return outcome
}

async function writeWithin(
  client: PoolClient,
  options: ReturnWriterOptions,
  request: ReturnRequest<unknown>,
): Promise<Written> {
  const { orderUid, wantsDocument = false, itemsOf } = request
  const { orders, busy } = await beginWithShipments(client, [orderUid])
  const [shipments] = orders
  if (shipments === undefined) {
    await client.query('rollback')
    return { outcome: busy.length > 0 ? { kind: 'busy' } : { kind: 'failed', error: notFound(orderUid) } }
  }
  const before = { shipments, returns: await readReturnsOf(client, orderUid) }
  const chrtIds = itemsOf?.(before) ?? []
  await lockItems(client, chrtIds)
  const tracked = new Set((await readStock(client, chrtIds)).map(({ chrtId }) => chrtId))
  const document = wantsDocument ? ((await findStored(client, [orderUid])).get(orderUid)?.document ?? '') : ''
  const nowMs = options.now()
  const { result, decision } = request.decide(before, { document, tracked, nowMs })
  const outcome = { kind: 'done', result } as const
  if (decision === undefined) {
    await client.query('commit')
    return { outcome }
  }
  const { change, shipments: moved = [], entries = [] } = decision
  const changed = await save(client, { before: shipments, change, moved, entries }, { ...options, nowMs })
  return { outcome, change, changed }
}

type Decided = Readonly<{
  before: OrderShipments
  change: ReturnChange
  moved: readonly ShipmentChange[]
  entries: readonly MovementEntry[]
}>

/** Saves what was decided, and commits. @throws AppError of a movement that the stock refuses */
async function save(
  client: PoolClient,
  { before, change, moved, entries }: Decided,
  options: ReturnWriterOptions & Readonly<{ nowMs: number }>,
): Promise<readonly ChangedOrder[]> {
  const { nowMs, lowStockDefault, parts } = options
  const stock = await moveStock(client, entries, { nowMs, lowStockDefault })
  const changed = await saveWithin(client, [{ before, changes: moved }], { parts: parts(), nowMs })
  const events = [...stock, ...eventsOf(change)]
  const rows = rowsOf(change)
  await inOneRoundTrip(client, rows.updates)
  const copies = [...rows.copies, copyOfEvents(events)].filter(({ items }) => items > 0)
  const end = events.length === 0 ? 'commit' : `${notifyOfEvents};\ncommit`
  if (copies.length === 0) await client.query(end)
  else await copyInto(client, copies, end)
  return changed
}

async function moveStock(
  client: PoolClient,
  entries: readonly MovementEntry[],
  options: Readonly<{ nowMs: number; lowStockDefault: number }>,
): Promise<readonly NewEvent[]> {
  if (entries.length === 0) return []
  const { results, events } = await recordWithin(client, entries, options)
  for (const result of results) if (result.kind === 'refused') throw result.error
  return events
}

function rowsOf({ before, after }: ReturnChange) {
  if (before === undefined)
    return { updates: [], copies: [returnsTable.copyOf([after]), unitsTable.copyOf(unitsOf(after))] }
  const known = new Map(unitsOf(before).map(unit => [unit.line, unit]))
  const changedUnits = unitsOf(after).flatMap(unit => {
    const was = known.get(unit.line)
    return was === undefined || isSame(was, unit) ? [] : [{ before: was, after: unit }]
  })
  return { updates: [...returnsTable.update([{ before, after }]), ...unitsTable.update(changedUnits)], copies: [] }
}

function unitsOf(one: Return): UnitOf[] {
  const { orderUid, returnId } = one
  return one.units.map(unit => ({ ...unit, orderUid, returnId, isLive: isLive(one, unit) }))
}

function isSame(one: UnitOf, other: UnitOf): boolean {
  return one.isLive === other.isLive && one.condition === other.condition && one.receivedAtMs === other.receivedAtMs
}
