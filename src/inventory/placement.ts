import type { Violation } from '../errors.ts'
import type { NewOrder, ValidOrder } from '../orders/new-order.ts'
import type { PlacementDecision, PlacementPart } from '../orders/placement-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { type Allocation, allocate, allocatePlenty, findShort, type Missing, type Shelf } from './allocation.ts'
import type { HeldByCarts } from './cart-reservation-queries.ts'
import { demandsOf, emptyShelves, itemsOf, type Wanting } from './demand.ts'
import { findingInherited, inherit, releaseUnwanted, withoutInherited } from './inherited.ts'
import { lockItems } from './item-locks.ts'
import { inventoryActor, shortfallReason } from './reservation.ts'
import {
  type Foreseen,
  inheritedBy,
  nothingPlanned,
  type Plans,
  reservationsOf,
  reservingForeseen,
  waitsOf,
} from './plans.ts'
import type { UntrackedItems } from './reservation-variables.ts'
import { backorderedElsewhere, type OrderTakes, reserveStock, saysStockIsGone } from './reserve.ts'
import { type Place, type Shelves, shelvesOf, storedShelves } from './shelves.ts'
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

/**
 * Reserves the stock of orders in the transaction that places them. Those that came first get it: an unpaid order that there is too
 * little for is refused, and a paid one is put on hold until more arrives.
 *
 * A group whose items are not tracked costs one read. Orders that there is too little for are decided by that read, without a lock. Where
 * the read has enough for all others, it is allocated from what was read, and reserved under the items' locks behind the rows, so that groups
 * of the same items write theirs at the same time. If it is not there any more then, the group is decided again under the locks.
 */
export function reservationsPart(options: Options): PlacementPart {
  const plans: Plans = new WeakMap()
  const { rules } = options
  return {
    rejectsWith: ['OUT_OF_STOCK'],
    ...(rules.untracked === 'allow' ? { shortcut: untrackedShortcut() } : {}),
    decide: (client, orders, isCertain) => decide(client, orders, isCertain, plans, options),
    rows: placed => [...reservationsOf(placed, plans, rules.heldMs), ...waitsOf(placed, plans)],
    settles: placed => placed.some(({ order }) => inheritedBy(order, plans) > 0),
    async settle(client, placed) {
      await inherit(client, placed, order => inheritedBy(order, plans), rules.heldMs)
      return []
    },
    closing: placed => reservingForeseen(placed, plans, rules.lowStockDefault),
    isChangedBy: saysStockIsGone,
  }
}

async function decide(
  client: PoolClient,
  orders: readonly NewOrder[],
  isCertain: boolean,
  plans: Plans,
  { rules, onShort }: Options,
): Promise<PlacementDecision[]> {
  const found = await readStockOf(client, orders, rules)
  if (found === undefined) return orders.map(() => accepted)
  // Of an attempt that failed.
  for (const { order } of orders) plans.delete(order)
  if (!isCertain && found.held.size === 0 && planPlenty(orders, found.shelves, plans)) return orders.map(() => accepted)
  const { wanting, shelves, places, held } = await wantedOf(client, orders, found, rules)
  for (const { order } of held.size === 0 ? [] : orders) {
    const inherits = held.get(order.orderUid)?.length
    if (inherits !== undefined) plans.set(order, { ...nothingPlanned, inherits })
  }
  if (wanting.length === 0) return orders.map(() => accepted)
  const shared = await share(client, wanting, { shelves, places, rules, isCertain: isCertain || held.size > 0 })
  for (const { order, share, demand, foreseen } of shared) {
    const isShort = share.kind === 'short'
    plans.set(order.order, {
      share,
      demand: isShort ? demand : undefined,
      foreseen,
      inherits: inheritedBy(order.order, plans),
    })
  }
  const decisions = orders.map((order): PlacementDecision => {
    const share = plans.get(order.order)?.share
    return share?.kind === 'short' ? shortOf(order, share.missing) : accepted
  })
  const count = (kind: PlacementDecision['kind']) => decisions.filter(decision => decision.kind === kind).length
  onShort?.(count('rejected'), count('held'))
  return decisions
}

/** Plans for orders that there is plenty for. @returns whether there is */
function planPlenty(orders: readonly NewOrder[], shelves: readonly Shelf[], plans: Plans): boolean {
  const shares = allocatePlenty(
    orders.map(({ order }) => order.lines),
    shelves,
  )
  if (shares === undefined) return false
  for (const [index, { order }] of orders.entries()) {
    const takes = shares[index] ?? []
    if (takes.length > 0)
      plans.set(order, { ...nothingPlanned, share: { kind: 'taken', takes }, foreseen: atOneLocation })
  }
  return true
}

const atOneLocation: Foreseen = { backordered: [] }

/** `held`: what carts have reserved for the orders. */
type Found = Shelves & Readonly<{ held: HeldByCarts }>

/** What there is of the items of orders, by a read without locks; undefined when they want nothing that is tracked. */
async function readStockOf(
  client: PoolClient,
  orders: readonly NewOrder[],
  { untracked }: ReservationRules,
): Promise<Found | undefined> {
  const statements = [storedShelves(itemsOf(orders)), ...findingInherited(orders)] as const
  const [{ shelves, places }, held = nothingHeld] = await inOneRoundTrip(client, statements)
  if (shelves.length === 0 && untracked === 'allow') return undefined
  const empty = untracked === 'refuse' ? emptyShelves(orders, shelves) : []
  return {
    shelves: empty.length === 0 ? shelves : [...shelves, ...empty],
    places,
    held,
  }
}

const nothingHeld: HeldByCarts = new Map()

/** What the orders want of tracked items beside what their carts have reserved, and what there is of it. */
async function wantedOf(
  client: PoolClient,
  orders: readonly NewOrder[],
  found: Found,
  rules: ReservationRules,
): Promise<Found & Readonly<{ wanting: readonly Wanting[] }>> {
  const wanting = demandsOf(orders, found.shelves)
  if (found.held.size === 0) return { ...found, wanting }
  const isReleased = await releaseUnwanted(client, wanting, found.held, rules.lowStockDefault)
  const now = (isReleased ? await readStockOf(client, orders, rules) : undefined) ?? found
  return { ...now, wanting: wanting.flatMap(one => withoutInherited(one, now.held) ?? []) }
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

/** What an order gets. */
type Share = Wanting & Readonly<{ share: Allocation; foreseen?: Foreseen }>

/**
 * Shares stock out among orders: one that the shelves have too little for gets nothing. It is reserved unless there is enough for all
 * others and nothing has to be certain yet.
 */
async function share(client: PoolClient, wanting: readonly Wanting[], sharing: Sharing): Promise<readonly Share[]> {
  const { shelves, places, rules } = sharing
  const foreseen = foresee(wanting, sharing)
  if (foreseen !== undefined) return foreseen
  const short = findShort(demandsOfAll(wanting), shelves)
  const shorts = wanting.flatMap((one, index): Share | [] => {
    const missing = short[index]
    return missing === undefined ? [] : { ...one, share: { kind: 'short', missing } }
  })
  const open = wanting.filter((_, index) => short[index] === undefined)
  const foreseenOthers = shorts.length === 0 ? undefined : foresee(open, sharing)
  if (foreseenOthers !== undefined) return [...shorts, ...foreseenOthers]
  const shares = await take(client, open, places, rules)
  return [...shorts, ...open.map((one, index) => ({ ...one, share: shares[index] as Allocation }))]
}

const demandsOfAll = (wanting: readonly Wanting[]) => wanting.map(({ demand }) => demand)

/** What orders get by what was read without a lock; undefined when that has not enough for all of them, or has to be certain. */
function foresee(wanting: readonly Wanting[], { shelves, isCertain }: Sharing): readonly Share[] | undefined {
  if (isCertain) return undefined
  const shares = allocate(demandsOfAll(wanting), shelves)
  if (!shares.every(({ kind }) => kind === 'taken')) return undefined
  const foreseen = { backordered: backorderedElsewhere(shelves) }
  return wanting.map(({ order, demand }, index) => ({ order, demand, share: shares[index] as Allocation, foreseen }))
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
  const shares = allocate(demandsOfAll(wanting), shelves)
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
