import { notifyOfEvents } from '../events/append.ts'
import { copyBehind } from '../platform/copy-behind.ts'
import type { Copy } from '../platform/copy.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import { allPlaced, type Placement } from './placement.ts'
import { decidePlacement } from './placement-decision.ts'
import { DecisionChangedError, type PlacementPart } from './placement-part.ts'
import type { NewOrder } from './new-order.ts'
import { findStored, type StoredOrder } from './queries.ts'

/** What the intake needs from the database. */
export type IntakeStore = {
  /** The orders that are stored under these uids, by uid. */
  findStored(orderUids: readonly string[]): Promise<ReadonlyMap<string, StoredOrder>>
  /**
   * Places orders in one transaction, durably, but for those that a part rejects.
   *
   * @param orders sorted by uid
   * @throws the database's error, among others when one of the orders is stored already; nothing is written then
   */
  place(orders: readonly NewOrder[]): Promise<Placement>
}

/**
 * The intake's store on PostgreSQL. An order, its items, its `order.placed` and whatever else the parts add are one transaction.
 * Where no part decides, or those that do have a shortcut, that is one message to the server and its answer; otherwise two more round
 * trips.
 *
 * @param parts what each module adds to the transaction
 */
export function createIntakeStore(pool: Pool, parts: readonly PlacementPart[]): IntakeStore {
  return {
    findStored: orderUids => findStored(pool, orderUids),
    place: orders => withConnection(pool, client => place(client, parts, orders)),
  }
}

async function place(
  client: PoolClient,
  parts: readonly PlacementPart[],
  orders: readonly NewOrder[],
): Promise<Placement> {
  const concerned = parts.filter(({ decide, concerns }) => decide !== undefined && (concerns?.(orders) ?? true))
  const shortcuts = concerned.flatMap(({ shortcut }) => (shortcut?.isOpen() ? [shortcut] : []))
  if (shortcuts.length < concerned.length) return decideAndSettle(client, parts, orders)
  try {
    await write(client, parts, orders, [...shortcuts.map(({ statement }) => statement), notifyOfEvents].join(';\n'))
  } catch (error) {
    if (!shortcuts.some(shortcut => shortcut.isClosedBy(error))) throw error
    return decideAndSettle(client, parts, orders)
  }
  return allPlaced(orders)
}

/** What was foreseen and is not possible any more is decided again, for certain. */
async function decideAndSettle(
  client: PoolClient,
  parts: readonly PlacementPart[],
  orders: readonly NewOrder[],
): Promise<Placement> {
  try {
    return await decideAndWrite(client, parts, orders, false)
  } catch (error) {
    const isChanged = error instanceof DecisionChangedError || parts.some(part => part.isChangedBy?.(error))
    if (!isChanged) throw error
  }
  await client.query('rollback')
  return decideAndWrite(client, parts, orders, true)
}

async function decideAndWrite(
  client: PoolClient,
  parts: readonly PlacementPart[],
  orders: readonly NewOrder[],
  isCertain: boolean,
): Promise<Placement> {
  await client.query('begin isolation level read committed')
  const placement = await decidePlacement(client, parts, orders, isCertain)
  const { placed } = placement
  const settling = parts.filter(part => part.settles?.(placed))
  if (placed.length === 0) await client.query('commit')
  else if (settling.length === 0) await write(client, parts, placed, end, closingOf(parts, placed))
  else {
    await write(client, parts, placed, '')
    const rows: Copy[] = []
    for (const part of settling) rows.push(...((await part.settle?.(client, placed)) ?? []))
    await copyBehind(client, [], rows, end, closingOf(parts, placed))
  }
  return placement
}

const end = `${notifyOfEvents};\ncommit`

function closingOf(parts: readonly PlacementPart[], placed: readonly NewOrder[]): readonly Statement<undefined>[] {
  return parts.flatMap(part => part.closing?.(placed) ?? [])
}

/** Writes the changes and the rows of every part, and runs `closing` and `last` behind them in the same message. */
function write(
  client: PoolClient,
  parts: readonly PlacementPart[],
  placed: readonly NewOrder[],
  last: string,
  closing: readonly Statement<undefined>[] = [],
): Promise<void> {
  const updates = parts.flatMap(part => part.updates?.(placed) ?? [])
  const rows = parts.flatMap(part => part.rows?.(placed) ?? [])
  return copyBehind(client, updates, rows, last, closing)
}
