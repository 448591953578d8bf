import { inOneRoundTrip } from '../platform/round-trip.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { lockItems } from './item-locks.ts'
import { changeOf, type Movement } from './movement.ts'
import { reallocation, type Reservation } from './reservation.ts'
import { changingReservations, findReservations, findWaitingOrders } from './reservation-queries.ts'
import { applyTo, type Stock } from './stock.ts'
import { applyMovements, readStock } from './stock-queries.ts'

/** What of the stock leaves with the shipments of orders, and what comes back from them. */

/** The stock of items, and what orders hold of it, under the locks of both. */
export type OrderStock = Readonly<{
  /** Of these orders and items, unless released or expired. */
  reservations: readonly Reservation[]
  /** Of the items at all locations; an item without is not tracked. */
  stocks: readonly Stock[]
  /** The orders that wait for stock, and have reserved nothing. */
  waiting: ReadonlySet<string>
}>

export const nothingReserved: OrderStock = { reservations: [], stocks: [], waiting: new Set() }

/** Movements, and the stock behind them. */
export type StockMoves = Readonly<{ after: OrderStock; movements: readonly Movement[] }>

/** Locks items until the transaction ends, and reads their stock and what orders hold of it. The transaction holds the locks of the orders. */
export async function lockOrderStock(
  client: PoolClient,
  orderUids: readonly string[],
  chrtIds: readonly number[],
): Promise<OrderStock> {
  await lockItems(client, chrtIds)
  const stocks = await readStock(client, chrtIds)
  if (stocks.length === 0) return nothingReserved
  return {
    stocks,
    reservations: await findReservations(client, orderUids, ['held', 'committed', 'shipped']),
    waiting: await findWaitingOrders(client, orderUids),
  }
}

/** Units of an order that leave together. */
export type Leaving = Readonly<{
  orderUid: string
  shipmentId: string
  /** The item of each unit. */
  chrtIds: readonly number[]
  /** Where they leave from; undefined: where they are reserved. */
  location: string | undefined
  /** Whether what is reserved elsewhere, or not at all, may be taken from there. */
  reallocate: boolean
  reason: string
  actor: string
}>

/** Where a unit was taken from; undefined: its item is not tracked, or was not when it was ordered. */
export type Taken = Readonly<{ location: string | undefined; wasReserved: boolean }>

export type LeavingDecision =
  | (StockMoves & Readonly<{ kind: 'taken'; units: readonly Taken[] }>)
  /** `elsewhere`: it is reserved at other locations; `missing`: it is not there. */
  | Readonly<{ kind: 'elsewhere' | 'missing'; chrtId: number; locations: readonly string[] }>

const nowhere: Taken = { location: undefined, wasReserved: false }

/**
 * Takes units from where they are reserved. With `reallocate` they are taken from the location that is named, and what was reserved of
 * them elsewhere is released. Pure.
 *
 * @returns for each unit where it was taken from, or the first item that stock keeps from leaving
 */
export function takeUnits(stock: OrderStock, leaving: Leaving, nowMs: number): LeavingDecision {
  const units: Taken[] = leaving.chrtIds.map(() => nowhere)
  const movements: Movement[] = []
  let reservations = stock.reservations
  const places = Map.groupBy(leaving.chrtIds.keys(), index => leaving.chrtIds[index] as number)
  for (const [chrtId, indexes] of places) {
    if (!stock.stocks.some(one => one.chrtId === chrtId)) continue
    const shares = sharesOf({ ...stock, reservations }, leaving, chrtId, indexes.length)
    if ('kind' in shares) return shares
    let next = 0
    for (const share of shares) {
      movements.push(...movementsOf(share, leaving))
      reservations = withShare(reservations, share, leaving)
      for (const index of indexes.slice(next, next + share.quantity)) units[index] = takenBy(share)
      next += share.quantity
    }
  }
  const result = applyTo(stock.stocks, movements, nowMs)
  if (result.kind === 'refused') {
    return { kind: 'missing', chrtId: result.movement.chrtId, locations: [result.movement.location] }
  }
  return { kind: 'taken', units, movements, after: { ...stock, reservations, stocks: merged(stock, result.stocks) } }
}

/** Units of one item that leave from one location. `reservedAt`: where they were reserved; undefined: nowhere. */
type Share = Readonly<{
  chrtId: number
  quantity: number
  location: string | undefined
  reservedAt: string | undefined
}>

const takenBy = ({ location, reservedAt }: Share): Taken => ({ location, wasReserved: reservedAt !== undefined })

function sharesOf(
  { reservations, stocks, waiting }: OrderStock,
  { orderUid, location, reallocate }: Leaving,
  chrtId: number,
  quantity: number,
): readonly Share[] | Extract<LeavingDecision, { kind: 'elsewhere' | 'missing' }> {
  const own = reservations.filter(
    one => one.orderUid === orderUid && one.chrtId === chrtId && one.quantity > one.shipped,
  )
  const isWanted = (one: Reservation) => location === undefined || one.location === location
  const shares: Share[] = []
  let left = quantity
  // What is reserved where it leaves from goes first.
  for (const one of [...own.filter(isWanted), ...(reallocate ? own.filter(one => !isWanted(one)) : [])]) {
    const taken = Math.min(left, one.quantity - one.shipped)
    if (taken === 0) break
    shares.push({ chrtId, quantity: taken, location: location ?? one.location, reservedAt: one.location })
    left -= taken
  }
  if (left === 0) return shares
  const elsewhere = own.filter(one => !isWanted(one)).map(one => one.location)
  if (elsewhere.length > 0) return { kind: 'elsewhere', chrtId, locations: elsewhere }
  const isThere = stocks.some(one => one.chrtId === chrtId && one.location === location)
  // An order that waits gets all of its units when they arrive: what left before would leave twice.
  const isWaiting = waiting.has(orderUid)
  if (reallocate && isThere && !isWaiting)
    return [...shares, { chrtId, quantity: left, location, reservedAt: undefined }]
  if (isWaiting || (reallocate && location !== undefined))
    return { kind: 'missing', chrtId, locations: location === undefined ? [] : [location] }
  // Its item was not tracked when it was ordered.
  return [...shares, { chrtId, quantity: left, location: undefined, reservedAt: undefined }]
}

function movementsOf({ chrtId, quantity, location, reservedAt }: Share, leaving: Leaving): Movement[] {
  if (location === undefined) return []
  const { orderUid, shipmentId, reason, actor } = leaving
  const base = { chrtId, quantity, actor, orderUid }
  const isElsewhere = reservedAt !== undefined && reservedAt !== location
  const moved: Movement[] = !isElsewhere
    ? []
    : [
        {
          ...base,
          location: reservedAt,
          kind: 'released',
          change: changeOf('released', quantity),
          reason: reallocation,
        },
        { ...base, location, kind: 'reserved', change: changeOf('reserved', quantity), reason: reallocation },
      ]
  const change = changeOf('shipped', quantity, { isReserved: reservedAt !== undefined })
  return [...moved, { ...base, location, kind: 'shipped', change, reason, shipmentId }]
}

/** What orders hold when a share has left. */
function withShare(reservations: readonly Reservation[], share: Share, { orderUid }: Leaving): readonly Reservation[] {
  const { chrtId, quantity, location, reservedAt } = share
  if (location === undefined || reservedAt === undefined) return reservations
  if (reservedAt === location) return changedAt(reservations, { orderUid, chrtId, location }, { shipped: quantity })
  const left = changedAt(reservations, { orderUid, chrtId, location: reservedAt }, { quantity: -quantity })
  return changedAt(left, { orderUid, chrtId, location }, { quantity, shipped: quantity })
}

type Key = Pick<Reservation, 'orderUid' | 'chrtId' | 'location'>

/** Adds to a reservation, which need not be there. Nothing is left of one whose units were all moved. */
function changedAt(
  reservations: readonly Reservation[],
  key: Key,
  { quantity = 0, shipped = 0 }: { quantity?: number; shipped?: number },
): Reservation[] {
  const isIt = (one: Reservation) =>
    one.orderUid === key.orderUid && one.chrtId === key.chrtId && one.location === key.location
  const before = reservations.find(isIt) ?? { ...key, quantity: 0, shipped: 0, state: 'committed' as const }
  const after = { ...before, quantity: before.quantity + quantity, shipped: before.shipped + shipped }
  const state =
    after.shipped === after.quantity
      ? ('shipped' as const)
      : before.state === 'shipped'
        ? ('committed' as const)
        : before.state
  const others = reservations.filter(one => !isIt(one))
  return [...others, { ...after, state }]
}

/** Units that come back from a shipment that does not arrive. */
export type ComingBack = Readonly<{
  orderUid: string
  shipmentId: string
  units: readonly Readonly<{ chrtId: number; taken: Taken }>[]
  /** Whether the order still wants them: what was reserved for it is reserved again. */
  keeps: boolean
  reason: string
  actor: string
}>

/** Puts units back where they were taken from. Pure. @throws Error when a number would be impossible */
export function putBackUnits(stock: OrderStock, coming: ComingBack, nowMs: number): StockMoves {
  const { orderUid, shipmentId, units, keeps, reason, actor } = coming
  const groups = Map.groupBy(
    units.filter(({ taken }) => taken.location !== undefined),
    ({ chrtId, taken }) => `${chrtId} ${taken.location} ${taken.wasReserved}`,
  )
  let { reservations } = stock
  const movements = [...groups.values()].flatMap((group): Movement[] => {
    const [first] = group
    if (first === undefined || first.taken.location === undefined) return []
    const { chrtId, taken } = first
    const { location } = first.taken
    const quantity = group.length
    const isReservedAgain = keeps && taken.wasReserved
    if (isReservedAgain) reservations = changedAt(reservations, { orderUid, chrtId, location }, { shipped: -quantity })
    const change = changeOf('returned', quantity, { isReservedAgain })
    return [{ chrtId, location, quantity, kind: 'returned', change, reason, actor, orderUid, shipmentId }]
  })
  const result = applyTo(stock.stocks, movements, nowMs)
  if (result.kind === 'refused') throw new Error(`stock cannot come back: ${result.refusal.why}`)
  return { movements, after: { ...stock, reservations, stocks: merged(stock, result.stocks) } }
}

function merged({ stocks }: OrderStock, changed: readonly Stock[]): Stock[] {
  const isOf = (one: Stock) => (other: Stock) => other.chrtId === one.chrtId && other.location === one.location
  return stocks.map(one => changed.find(isOf(one)) ?? one)
}

/** Saves movements of orders' units and what the orders hold behind them. */
export async function saveStock(
  client: PoolClient,
  { before, after, movements }: StockMoves & Readonly<{ before: OrderStock }>,
  options: Readonly<{ nowMs: number; lowStockDefault: number }>,
): Promise<void> {
  if (movements.length === 0) return
  const result = await applyMovements(client, movements, { ...options, stocks: before.stocks })
  if (result.kind === 'refused') throw new Error('movements were decided on, and the stock does not allow them')
  const known = new Set(before.reservations)
  const changed = after.reservations.filter(one => !known.has(one))
  await inOneRoundTrip(client, changingReservations(changed, options.nowMs))
}
