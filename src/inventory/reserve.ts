import { DatabaseError } from 'pg'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { arrayOf } from '../platform/array-text.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import type { Shelf, Take } from './allocation.ts'
import { itemLocks } from './item-locks.ts'
import { changeOf, type Movement, type MovementKind } from './movement.ts'
import { inventoryActor } from './reservation.ts'
import { type ApplyOptions, applyMovements } from './stock-queries.ts'

/** Units that an order takes or gives back. */
export type OrderTakes = Readonly<{ orderUid: string; takes: readonly Take[] }>

/**
 * Reserves the stock that was allocated to orders. The transaction holds the locks of the items.
 *
 * @throws Error when the stock is not there: the allocation is wrong
 */
export async function reserveStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  options: ReserveOptions,
): Promise<void> {
  if (!(await tryToReserve(client, orders, options))) throw new Error('stock was allocated that is not there')
}

/**
 * Reserves stock that was allocated before its items were locked: movements and numbers in one statement, of few columns and in the order
 * of the items, since a group of orders has thousands. The transaction holds the locks of the items.
 *
 * @returns whether the stock was there; if not, some of it is reserved all the same, and the transaction has to be taken back
 */
export async function tryToReserve(
  client: PoolClient,
  orders: readonly OrderTakes[],
  options: ReserveOptions,
): Promise<boolean> {
  const [isThere = true] = await inOneRoundTrip(client, reserving(orders, options))
  return isThere
}

/**
 * The statement that reserves, behind the locks of the items, what orders have in `stock_reservations` since this transaction: until it
 * ends, others wait for them. It raises an error that `saysStockIsGone` recognizes when the stock is not there.
 *
 * @param backordered as `backorderedElsewhere` finds them
 */
export function reservingPlaced(
  orderUids: readonly string[],
  {
    nowMs,
    lowStockDefault,
    backordered,
  }: Pick<ReserveOptions, 'nowMs' | 'lowStockDefault'> & { backordered: readonly number[] },
): Statement<undefined> {
  return command('select reserve_placed($1, $2, $3, $4, $5, $6, $7)', [
    advisoryLockSpaces.items,
    itemLocks,
    arrayOf(orderUids, orderUid => orderUid),
    new Date(nowMs),
    inventoryActor,
    lowStockDefault,
    arrayOf(backordered, chrtId => chrtId),
  ])
}

/** SQLSTATE of `reserve_placed`, see the migration. */
const stockIsGone = 'OS002'

export function saysStockIsGone(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === stockIsGone
}

/** The statement that reserves what orders take; none where they take nothing. */
function reserving(
  orders: readonly OrderTakes[],
  { shelves, nowMs, lowStockDefault }: ReserveOptions,
): [] | [Statement<boolean>] {
  const takes = orders
    .flatMap(({ orderUid, takes }) => takes.map(take => ({ ...take, orderUid })))
    .sort((a, b) => a.chrtId - b.chrtId)
  if (takes.length === 0) return []
  const values = [
    arrayOf(takes, ({ orderUid }) => orderUid),
    arrayOf(takes, ({ chrtId }) => chrtId),
    arrayOf(takes, ({ location }) => location),
    arrayOf(takes, ({ quantity }) => quantity),
    new Date(nowMs),
    inventoryActor,
    lowStockDefault,
    arrayOf(backorderedElsewhere(shelves), chrtId => chrtId),
  ]
  const read = ({ rows: [row] }: { rows: readonly { is_there: boolean }[] }) => row?.is_there === true
  return [{ text: 'select reserve_stock($1, $2, $3, $4, $5, $6, $7, $8) as is_there', values, read }]
}

export type ReserveOptions = Readonly<{
  /** What it was allocated from. */
  shelves: readonly Pick<Shelf, 'chrtId' | 'backorder' | 'available'>[]
  nowMs: number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
}>

/** The items that lie at several locations, of which one may have less than nothing available; one that is not active shows nothing. */
export function backorderedElsewhere(shelves: ReserveOptions['shelves']): number[] {
  const known = new Set<number>()
  const several = new Set<number>()
  for (const { chrtId } of shelves) (known.has(chrtId) ? several : known).add(chrtId)
  const backordered = shelves.filter(({ available, backorder }) => available <= 0 || backorder > 0)
  return [...new Set(backordered.map(({ chrtId }) => chrtId))].filter(chrtId => several.has(chrtId))
}

/** Gives reserved stock back. @param reason why, for the movements */
export function releaseStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  return move(client, 'released', orders, reason, options)
}

/** Takes reserved stock off the shelves: it has left. */
export function shipStock(
  client: PoolClient,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  return move(client, 'shipped', orders, reason, options)
}

async function move(
  client: PoolClient,
  kind: MovementKind,
  orders: readonly OrderTakes[],
  reason: string,
  options: ApplyOptions,
): Promise<void> {
  const movements = orders.flatMap(({ orderUid, takes }) =>
    takes.map(({ chrtId, location, quantity }): Movement => {
      return {
        chrtId,
        location,
        kind,
        quantity,
        change: changeOf(kind, quantity),
        reason,
        actor: inventoryActor,
        orderUid,
      }
    }),
  )
  if (movements.length === 0) return
  const result = await applyMovements(client, movements, options)
  if (result.kind === 'applied') return
  const { chrtId, location, quantity } = result.movement
  throw new Error(
    `the stock of ${chrtId} at ${location} does not allow that ${quantity} are ${kind}: ${result.refusal.why}`,
  )
}
