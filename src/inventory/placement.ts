import type { Violation } from '../errors.ts'
import { copyOfEvents } from '../events/append.ts'
import type { NewOrder, ValidOrder } from '../orders/new-order.ts'
import { DecisionChangedError, type PlacementDecision, type PlacementPart } from '../orders/placement-part.ts'
import type { Copy } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { type Allocation, allocate, type Demand, findShort, type Missing, type Shelf } from './allocation.ts'
import { demandsOf, emptyShelves, itemsOf, type Wanting } from './demand.ts'
import { findInherited, inherit, releaseUnwanted, withoutInherited } from './inherited.ts'
import { lockItems } from './item-locks.ts'
import { inventoryActor, shortfallReason } from './reservation.ts'
import { shortfallEvent } from './reservation-events.ts'
import { copiesOfWaits, copyOfReservations } from './reservation-queries.ts'
import type { UntrackedItems } from './reservation-variables.ts'
import { lockAndReserve, type OrderTakes, reserveStock } from './reserve.ts'
import { type Place, readShelves, shelvesOf } from './shelves.ts'
import { readStock } from './stock-queries.ts'
import { untrackedShortcut } from './untracked-shortcut.ts'

/** How orders reserve stock. */
export type ReservationRules = Readonly<{
  untracked: UntrackedItems
  /** How long an unpaid order keeps what it has reserved, in milliseconds. */
  heldMs: number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
}>

type Options = Readonly<{
  rules: ReservationRules
  /** Called with the number of orders that are refused, and of those that are put on hold. */
  onShort?: (refused: number, held: number) => void
}>

/** What an order gets when its group is settled, if that is still there. @param shelves what it was allocated from */
type Foreseen = Readonly<{ share: Allocation; shelves: readonly Shelf[] }>

/**
 * Reserves the stock of orders in the transaction that places them. Those that came first get it: an unpaid order that there is too
 * little for is refused, and a paid one is put on hold until more arrives.
 *
 * A group whose items are not tracked costs one read. Orders that there is too little for are decided by that read, without a lock. Where
 * the read has enough for all others, it is allocated from what was read, and reserved under the items' locks behind the rows, so that groups
 * of the same items write theirs at the same time. If it is not there any more then, the group is decided again under the locks.
 */
export function reservationsPart(options: Options): PlacementPart {
  const group: Group = {
    ...{ shares: new WeakMap(), waiting: new WeakMap(), foreseen: new WeakMap(), inherited: new WeakMap() },
  }
  const { rules } = options
  return {
    rejectsWith: ['OUT_OF_STOCK'],
    ...(rules.untracked === 'allow' ? { shortcut: untrackedShortcut() } : {}),
    decide: (client, orders, isCertain) => decide(client, orders, isCertain, group, options),
    rows: placed => [...reservationsOf(placed, group, rules.heldMs), ...waitsOf(placed, group)],
    settles: placed => placed.some(({ order }) => group.foreseen.has(order) || group.inherited.has(order)),
    settle: (client, placed) => settle(client, placed, group, rules),
  }
}

/** What is known of the orders that are being placed. */
type Group = Readonly<{
  /** What was decided. */
  shares: WeakMap<ValidOrder, Allocation>
  /** What those want that are short. */
  waiting: WeakMap<ValidOrder, Demand>
  /** What those get that are served when the group is settled. */
  foreseen: WeakMap<ValidOrder, Foreseen>
  /** How many reservations of their carts they take over. */
  inherited: WeakMap<ValidOrder, number>
}>

async function decide(
  client: PoolClient,
  orders: readonly NewOrder[],
  isCertain: boolean,
  group: Group,
  { rules, onShort }: Options,
): Promise<PlacementDecision[]> {
  const { shares, waiting, foreseen } = group
  const { wanting, shelves, places } = await readWanting(client, orders, group, rules)
  if (wanting.length === 0) return orders.map(() => accepted)
  const decided = await share(client, wanting, { shelves, places, rules, isCertain })
  const decisions = orders.map((order): PlacementDecision => {
    const found = decided.get(order)
    if (found === undefined) return accepted
    if (found.isForeseen) {
      foreseen.set(order.order, { share: found.share, shelves })
      return accepted
    }
    shares.set(order.order, found.share)
    if (found.share.kind === 'taken') return accepted
    waiting.set(order.order, found.demand)
    return shortOf(order, found.share.missing)
  })
  const count = (kind: PlacementDecision['kind']) => decisions.filter(decision => decision.kind === kind).length
  onShort?.(count('rejected'), count('held'))
  return decisions
}

/** What the orders want of tracked items beside what their carts have reserved, and what there is of it. */
async function readWanting(
  client: PoolClient,
  orders: readonly NewOrder[],
  { shares, foreseen, inherited }: Group,
  { untracked, lowStockDefault }: ReservationRules,
): Promise<{ wanting: readonly Wanting[]; shelves: readonly Shelf[]; places: readonly Place[] }> {
  const chrtIds = itemsOf(orders)
  let { shelves, places } = await readShelves(client, chrtIds)
  if (shelves.length === 0 && untracked === 'allow') return nothingWanted
  const empty = untracked === 'refuse' ? emptyShelves(orders, shelves) : []
  const wanting = demandsOf(orders, [...shelves, ...empty])
  let held = await findInherited(client, orders)
  if (await releaseUnwanted(client, wanting, held, lowStockDefault)) {
    ;({ shelves, places } = await readShelves(client, chrtIds))
    held = await findInherited(client, orders)
  }
  // Of an attempt that failed.
  for (const of of [shares, foreseen, inherited]) for (const { order } of orders) of.delete(order)
  for (const { order } of wanting) {
    const takes = held.get(order.order.orderUid)?.length
    if (takes !== undefined) inherited.set(order.order, takes)
  }
  return { wanting: wanting.flatMap(one => withoutInherited(one, held) ?? []), shelves: [...shelves, ...empty], places }
}

const nothingWanted = { wanting: [], shelves: [], places: [] }

/** Reserves what was foreseen: the locks of the items are held for one round trip, and the commit. */
async function settle(
  client: PoolClient,
  placed: readonly NewOrder[],
  { shares, foreseen, inherited }: Group,
  { heldMs, lowStockDefault }: ReservationRules,
): Promise<Copy[]> {
  await inherit(client, placed, inherited, heldMs)
  const served = placed.filter(({ order }) => foreseen.has(order))
  const orders = served.flatMap(({ order }) => takesOf(order, foreseen.get(order)?.share))
  const shelves = foreseen.get(served[0]?.order as ValidOrder)?.shelves ?? []
  const nowMs = served[0]?.placedAt.getTime() ?? 0
  if (!(await lockAndReserve(client, orders, { shelves, nowMs, lowStockDefault }))) throw new DecisionChangedError()
  for (const { order } of served) {
    shares.set(order, foreseen.get(order)?.share as Allocation)
    foreseen.delete(order)
  }
  return []
}

function takesOf({ orderUid }: ValidOrder, share: Allocation | undefined): OrderTakes[] {
  return share?.kind === 'taken' ? [{ orderUid, takes: share.takes }] : []
}

const accepted: PlacementDecision = { kind: 'accepted' }

/** `shelves`: as they were read without a lock. */
type Sharing = Readonly<{
  shelves: readonly Shelf[]
  places: readonly Place[]
  rules: ReservationRules
  isCertain: boolean
}>

/** What was decided on an order. `isForeseen`: it is reserved when the group is settled. */
type Share = Readonly<{ share: Allocation; demand: Demand; isForeseen?: true }>

/**
 * Shares stock out among orders: one that the shelves have too little for gets nothing. It is reserved unless there is enough for all
 * others and nothing has to be certain yet.
 */
async function share(
  client: PoolClient,
  wanting: readonly Wanting[],
  { shelves, places, rules, isCertain }: Sharing,
): Promise<Map<NewOrder, Share>> {
  const decided = new Map<NewOrder, Share>()
  const demands = (of: readonly Wanting[]) => of.map(({ demand }) => demand)
  const short = findShort(demands(wanting), shelves)
  const open = wanting.filter(({ order, demand }, index) => {
    const missing = short[index]
    if (missing !== undefined) decided.set(order, { demand, share: { kind: 'short', missing } })
    return missing === undefined
  })
  const foreseen = isCertain ? [] : allocate(demands(open), shelves)
  const isForeseen = !isCertain && foreseen.every(({ kind }) => kind === 'taken')
  const shares = isForeseen ? foreseen : await take(client, open, places, rules)
  for (const [index, { order, demand }] of open.entries()) {
    const share = shares[index] as Allocation
    decided.set(order, isForeseen ? { demand, share, isForeseen } : { demand, share })
  }
  return decided
}

/** Reserves stock under the locks of its items, for as many orders as possible. */
async function take(
  client: PoolClient,
  wanting: readonly Wanting[],
  places: readonly Place[],
  { lowStockDefault }: ReservationRules,
): Promise<Allocation[]> {
  if (wanting.length === 0) return []
  const chrtIds = [...new Set(wanting.flatMap(({ demand }) => [...demand.units.keys()]))]
  await lockItems(client, chrtIds)
  const shelves = shelvesOf(await readStock(client, chrtIds), places)
  const shares = allocate(
    wanting.map(({ demand }) => demand),
    shelves,
  )
  const taken = wanting.flatMap(({ order }, index) => takesOf(order.order, shares[index]))
  const nowMs = wanting[0]?.order.placedAt.getTime() ?? 0
  await reserveStock(client, taken, { shelves, nowMs, lowStockDefault })
  return shares
}

function shortOf({ order, state }: NewOrder, missing: readonly Missing[]): PlacementDecision {
  if (state.status !== 'pending') return { kind: 'held', reason: shortfallReason, actor: inventoryActor }
  return {
    kind: 'rejected',
    code: 'OUT_OF_STOCK',
    detail: sentenceOf(missing),
    violations: violationsOf(order, missing),
  }
}

/** The items that the sentence names; `violations` has all of them. */
const namedMax = 5

function sentenceOf(missing: readonly Missing[]): string {
  const named = missing
    .slice(0, namedMax)
    .map(({ chrtId, wanted, left }) => `${chrtId} (${wanted} wanted, ${left} left)`)
  const others = missing.length - named.length
  return `too little is in stock of ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`
}

function violationsOf({ lines }: ValidOrder, missing: readonly Missing[]): Violation[] {
  return missing.map(({ chrtId, wanted, left }) => ({
    pointer: `/items/${lines.findIndex(line => line.chrtId === chrtId)}/chrt_id`,
    detail: `${wanted} wanted, ${left} left`,
  }))
}

/** The rows of reservations, those that are foreseen among them: they go with the transaction where the stock is not there any more. */
function reservationsOf(placed: readonly NewOrder[], { shares, foreseen }: Group, heldMs: number): Copy[] {
  const reservations = placed.flatMap(({ order, state, placedAt }) => {
    const found = shares.get(order) ?? foreseen.get(order)?.share
    if (found?.kind !== 'taken') return []
    const reservedAtMs = placedAt.getTime()
    const expiresAtMs = state.status === 'pending' ? reservedAtMs + heldMs : undefined
    return found.takes.map(one => ({ ...one, orderUid: order.orderUid, expiresAtMs, reservedAtMs }))
  })
  return reservations.length === 0 ? [] : [copyOfReservations(reservations)]
}

/** What orders wait for that were put on hold, and the events that tell of it. */
function waitsOf(placed: readonly NewOrder[], { shares, waiting }: Group): Copy[] {
  const held = placed.flatMap(({ order, placedAt }) => {
    const [found, demand] = [shares.get(order), waiting.get(order)]
    if (found?.kind !== 'short' || demand === undefined) return []
    const { orderUid, traceparent } = order
    const event = shortfallEvent({ orderUid, sequence: 1, recordedAt: placedAt, traceparent }, found.missing)
    return [{ wait: { orderUid, units: demand.units, sinceMs: placedAt.getTime() }, event }]
  })
  if (held.length === 0) return []
  return [...copiesOfWaits(held.map(({ wait }) => wait)), copyOfEvents(held.map(({ event }) => event))]
}
