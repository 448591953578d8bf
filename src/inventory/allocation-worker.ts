import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import type { OnChanged } from '../orders/commands.ts'
import { decideCommand, type RequestedCommand } from '../orders/lifecycle.ts'
import { type LockedOrder, lockOrders } from '../orders/order-locks.ts'
import { findStored } from '../orders/queries.ts'
import { type OrderChange, saveChanges } from '../orders/save-changes.ts'
import { type StatusChangePart, tellParts } from '../orders/status-change-part.ts'
import { copyInto } from '../platform/copy.ts'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { type Allocation, allocate, type Demand } from './allocation.ts'
import { countryOf } from './demand.ts'
import { lockItems } from './item-locks.ts'
import { inventoryActor, shortfallReason } from './reservation.ts'
import { allocatedEvent, shortfallEvent } from './reservation-events.ts'
import { reserveAgain, type Wait } from './reservation-queries.ts'
import { reserveStock } from './reserve.ts'
import { type Place, readPlaces, shelvesOf } from './shelves.ts'
import { readStock } from './stock-queries.ts'
import {
  changeWaits,
  findItemsWaitedFor,
  findUntold,
  findWaitingFor,
  loadWaits,
  type QueuePlace,
  type WaitChange,
} from './wait-queries.ts'

/** Orders of one transaction, and of one page of the queue. */
const ordersMax = 100
const pageOrdersMax = 500
/** Items that are looked at together. */
const itemsMax = 5_000
const pauseMs = 1_000

export type AllocationOptions = Readonly<{
  pool: Pool
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
  onChanged: OnChanged
  /** What other modules do when the status of an order changes. */
  parts: () => readonly StatusChangePart[]
  lowStockDefault: number
  log: Logger
}>

/**
 * Gives orders that wait the stock that has arrived, oldest first, until told to stop. Several instances may do it at once, and one that
 * is killed leaves nothing half done: an order gets all of its items, its events and its status in one transaction.
 */
export async function runAllocation(options: AllocationOptions, stop: AbortSignal): Promise<void> {
  const { log } = options
  const run = async () => {
    const { allocated, tried } = await allocateWaiting(options)
    if (allocated > 0) log.info({ allocated }, 'orders got the stock that they waited for')
    return tried === 0 ? 'done' : 'more'
  }
  await runPeriodically({ run, pauseMs, failure: 'stock could not be allocated to orders that wait', log }, stop)
}

/**
 * Gives one portion of orders what they wait for.
 *
 * @returns how many got it, and how many something was decided on; 0: there is nothing more to do now
 */
export async function allocateWaiting(options: AllocationOptions): Promise<{ allocated: number; tried: number }> {
  const { pool, now, onChanged, parts, lowStockDefault } = options
  const places = await readPlaces(pool)
  const due = [...(await findUntold(pool, ordersMax)), ...(await findReady(pool, places))].toSorted(inQueue)
  const orderUids = [...new Set(due.map(({ orderUid }) => orderUid))].slice(0, ordersMax).toSorted()
  if (orderUids.length === 0) return { allocated: 0, tried: 0 }
  let changes: readonly OrderChange[] = []
  const allocating = inTransaction(pool, async client => {
    const { locked } = await lockOrders(client, orderUids)
    const nowMs = now()
    const decided = await decide(client, locked, places, { nowMs, lowStockDefault })
    changes = decided.flatMap(({ change }) => change ?? [])
    await tellParts(parts(), client, await saveChanges(client, changes, nowMs), nowMs)
    await changeWaits(
      client,
      decided.map(({ wait }) => wait),
      nowMs,
    )
    const events = decided.map(({ event }) => event)
    if (events.length > 0) await copyInto(client, [copyOfEvents(events)], notifyOfEvents)
    return { allocated: decided.filter(({ wait }) => wait.state === 'allocated').length, tried: decided.length }
  })
  return allocating.finally(() => {
    for (const { order } of changes) onChanged(order.orderUid, order.version + 1)
  })
}

function inQueue(a: QueuePlace, b: QueuePlace): number {
  return a.sinceMs - b.sinceMs || (a.orderUid < b.orderUid ? -1 : 1)
}

/** Orders that would get all that they wait for now, oldest first: a portion of them, by a read without locks. */
async function findReady(pool: Pool, places: readonly Place[]): Promise<QueuePlace[]> {
  for (let above = -1; ; ) {
    const chrtIds = await findItemsWaitedFor(pool, { above, itemsMax })
    const last = chrtIds.at(-1)
    if (last === undefined) return []
    const shelves = shelvesOf(await readStock(pool, chrtIds), places)
    const available = new Set(
      shelves.filter(shelf => shelf.available + shelf.backorder > 0).map(({ chrtId }) => chrtId),
    )
    const ready = available.size === 0 ? [] : await findReadyFor(pool, [...available], places)
    if (ready.length > 0 || chrtIds.length < itemsMax) return ready
    above = last
  }
}

async function findReadyFor(pool: Pool, chrtIds: readonly number[], places: readonly Place[]): Promise<QueuePlace[]> {
  for (let after: QueuePlace = { sinceMs: 0, orderUid: '' }; ; ) {
    const page = await findWaitingFor(pool, chrtIds, { after, ordersMax: pageOrdersMax })
    const waits = await loadWaits(
      pool,
      page.map(({ orderUid }) => orderUid),
    )
    const wanted = [...new Set(waits.flatMap(({ units }) => [...units.keys()]))]
    const shares = allocate(await demandsOf(pool, waits, places), shelvesOf(await readStock(pool, wanted), places))
    const ready = waits.filter((_, index) => shares[index]?.kind === 'taken')
    const last = page.at(-1)
    if (ready.length > 0 || last === undefined || page.length < pageOrdersMax) return ready.slice(0, ordersMax)
    after = last
  }
}

/** Where orders go is read only if a location does not deliver everywhere. */
async function demandsOf(
  client: Pool | PoolClient,
  waits: readonly Wait[],
  places: readonly Place[],
): Promise<Demand[]> {
  if (places.every(({ countries }) => countries.length === 0)) {
    return waits.map(({ units }) => ({ units, country: undefined }))
  }
  const orderUids = waits.map(({ orderUid }) => orderUid)
  const stored = await findStored(client, orderUids)
  return waits.map(({ units, orderUid }) => ({ units, country: countryOf(stored.get(orderUid)?.document ?? '{}') }))
}

/** What was decided on an order that waits. */
type Decided = Readonly<{ wait: WaitChange; event: NewEvent; change?: OrderChange | undefined }>

/** Reserves what locked orders wait for, as far as it reaches. */
async function decide(
  client: PoolClient,
  locked: readonly LockedOrder[],
  places: readonly Place[],
  { nowMs, lowStockDefault }: { nowMs: number; lowStockDefault: number },
): Promise<Decided[]> {
  const orders = new Map(locked.map(order => [order.orderUid, order]))
  const waits = await loadWaits(client, [...orders.keys()])
  if (waits.length === 0) return []
  const chrtIds = [...new Set(waits.flatMap(({ units }) => [...units.keys()]))]
  await lockItems(client, chrtIds)
  const shelves = shelvesOf(await readStock(client, chrtIds), places)
  const shares = allocate(await demandsOf(client, waits, places), shelves)
  const taken = waits.flatMap(({ orderUid }, index) => {
    const share = shares[index]
    return share?.kind === 'taken' ? [{ orderUid, takes: share.takes }] : []
  })
  await reserveStock(client, taken, { shelves, nowMs, lowStockDefault })
  await reserveAgain(
    client,
    taken.flatMap(({ orderUid, takes }) => takes.map(take => ({ ...take, orderUid }))),
    nowMs,
  )
  return waits.flatMap((wait, index) => {
    const [order, share] = [orders.get(wait.orderUid), shares[index]]
    return order === undefined || share === undefined ? [] : (decideWait(wait, order, share, nowMs) ?? [])
  })
}

/**
 * What becomes of an order that waits. Pure.
 *
 * @returns undefined for one that goes on waiting, and was told so
 */
export function decideWait(wait: Wait, order: LockedOrder, share: Allocation, nowMs: number): Decided | undefined {
  const { orderUid, version, holdsOrder } = wait
  const told = {
    orderUid,
    sequence: version + 1,
    recordedAt: new Date(Math.max(nowMs, wait.updatedAtMs)),
    traceparent: undefined,
  }
  if (share.kind === 'taken') {
    return {
      wait: { orderUid, state: 'allocated', version: version + 1, holdsOrder: false },
      event: allocatedEvent(told, share.takes),
      change: holdsOrder ? changeOf(order, 'confirm', 'stock has arrived') : undefined,
    }
  }
  if (version > 0) return undefined
  const change = changeOf(order, 'hold', shortfallReason)
  return {
    wait: { orderUid, state: 'waiting', version: 1, holdsOrder: change !== undefined },
    event: shortfallEvent(told, share.missing),
    change,
  }
}

/** @returns undefined where the command changes nothing, or is not possible any more */
function changeOf(order: LockedOrder, command: RequestedCommand, reason: string): OrderChange | undefined {
  const decision = decideCommand(order.state, command)
  return decision.kind === 'changed'
    ? { order, state: decision.state, command, reason, actor: inventoryActor }
    : undefined
}
