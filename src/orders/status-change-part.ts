import type { PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import type { SavedChange } from './save-changes.ts'

/**
 * What one module does when commands or the expiry change the status of orders, or a payment confirms one. The parts are asked of the
 * modules as they run, so a module follows orders without a change to them. The module that confirms an order is not told of it.
 */
export type StatusChangePart = Readonly<{
  /**
   * Runs in the transaction of the changes, behind their rows and events, and while it holds the locks of the orders. What it throws
   * takes the changes back. It should take few statements for all of them, and calls nothing outside the database.
   *
   * @param changes each of another order, which it gives as it is now
   * @param nowMs milliseconds since 1970 by the clock of the database
   */
  onStatusChanged(client: PoolClient, changes: readonly SavedChange[], nowMs: number): Promise<void>
  /** Whether it waits for locks that other parts take theirs behind: it is told before parts that do not. */
  comesFirst?: true
  /**
   * Whether it has anything to do when pending orders are confirmed: known by their uids, or read by a statement under their locks. A writer
   * of many changes spares itself the round trips of parts that have not. Without it the part is always told.
   */
  concernsConfirmation?(orderUids: readonly string[]): boolean | Statement<boolean>
}>

/** Tells every part of changes, in turn: first those whose locks come first. */
export async function tellParts(
  parts: readonly StatusChangePart[],
  client: PoolClient,
  changes: readonly SavedChange[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return
  const inTurn = [...parts.filter(part => part.comesFirst), ...parts.filter(part => !part.comesFirst)]
  for (const part of inTurn) await part.onStatusChanged(client, changes, nowMs)
}
