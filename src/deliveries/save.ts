import { copyOfEvents, notifyOfEvents } from '../events/append.ts'
import { changeDeliveryStatus, type DeliveryStatusChange } from '../orders/delivery-status.ts'
import { type StatusChangePart, tellParts } from '../orders/status-change-part.ts'
import { copyBehind } from '../platform/copy-behind.ts'
import { type Copy, copyInto } from '../platform/copy.ts'
import { copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import { notifyingKeys } from '../platform/notified-keys.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import type { Following } from '../tracking/tracking-part.ts'
import type { OrderShipments, ShipmentChange } from './changes.ts'
import { withChanges } from './changes.ts'
import { deliveryStatusOf } from './delivery-status.ts'
import { eventOf } from './events.ts'
import { estimatesTable, numbersTable, type Of, shipmentsTable, unitsTable } from './rows.ts'
import { isLive, type Shipment } from './shipment.ts'

/** Instances are notified on this channel of orders whose shipments have changed otherwise than with their parcels. */
export const shipmentsChannel = 'shipments'

/** What was decided on the shipments of an order, one after another. */
export type DecidedOrder = Readonly<{ before: OrderShipments; changes: readonly ShipmentChange[] }>

/** Changes that were saved, with their order where it may have changed. */
export type SavedChanges = Readonly<{ before?: Pick<OrderShipments, 'placedAtMs'>; changes: readonly ShipmentChange[] }>

/** An order whose version is another now. */
export type ChangedOrder = Readonly<{ orderUid: string; version: number }>

/**
 * Saves what was decided on several orders, and commits the transaction that holds their locks: in one round trip, unless an order is
 * completed and other modules are told.
 *
 * @param decided each on another order
 * @param kept the answers of requests with an Idempotency-Key
 * @param parts what other modules do when the status of an order changes
 */
export async function saveAndCommit(
  client: PoolClient,
  decided: readonly DecidedOrder[],
  kept: readonly KeptAnswer[],
  { parts, nowMs }: Told,
): Promise<readonly ChangedOrder[]> {
  const writes = writesOf(decided, nowMs)
  const answers = copyOfAnswers(kept)
  if (isNothing(writes) && kept.length === 0) {
    await client.query('commit')
    return []
  }
  const end = `${notifyOfEvents};\ncommit`
  if (writes.completed.length === 0) {
    const { updates } = withNotice(writes, decided)
    await copyBehind(client, updates, withRows([...writes.rows, copyOfEvents(writes.events), answers]), end)
  } else {
    await saveAndTell(client, withNotice(writes, decided), parts, nowMs)
    await copyInto(client, withRows([answers]), end)
  }
  return writes.changed
}

type Told = Readonly<{ parts: readonly StatusChangePart[]; nowMs: number }>

/** Saves what was decided in a transaction that somebody else commits. */
export async function saveWithin(
  client: PoolClient,
  decided: readonly DecidedOrder[],
  { parts, nowMs }: Told,
): Promise<readonly ChangedOrder[]> {
  const writes = writesOf(decided, nowMs)
  if (!isNothing(writes)) await saveAndTell(client, withNotice(writes, decided), parts, nowMs)
  return writes.changed
}

/**
 * The same with changes that concern no order: what nobody has to be told of is left to the caller, who writes it with its own.
 *
 * @param news changes of shipments that stay in their state
 */
export async function saveFollowing(
  client: PoolClient,
  decided: readonly DecidedOrder[],
  news: readonly ShipmentChange[],
  { parts, nowMs }: Told,
): Promise<Required<Omit<Following, 'onCommitted'>> & Readonly<{ changed: readonly ChangedOrder[] }>> {
  const writes = writesOf(decided, nowMs, news)
  const { updates, rows, events, completed, changed } = writes
  if (completed.length === 0) return { updates, rows, events, changed }
  // Other modules are told behind the events of the orders.
  await saveAndTell(client, writes, parts, nowMs)
  return { updates: [], rows: [], events: [], changed }
}

type Writes = ReturnType<typeof writesOf>

async function saveAndTell(
  client: PoolClient,
  { updates, rows, events, completed }: Writes,
  parts: readonly StatusChangePart[],
  nowMs: number,
): Promise<void> {
  await inOneRoundTrip(client, updates)
  await copyInto(client, withRows([...rows, copyOfEvents(events)]), notifyOfEvents)
  await tellParts(parts, client, completed, nowMs)
}

/** Notifies every instance, with the commit, of orders whose shipments have changed. */
function notifying(decided: readonly DecidedOrder[]): Statement<undefined>[] {
  const changed = decided.filter(({ changes }) => changes.length > 0)
  return notifyingKeys(
    shipmentsChannel,
    changed.map(({ before }) => before.order.orderUid),
  )
}

function withNotice(writes: Writes, decided: readonly DecidedOrder[]): Writes {
  return { ...writes, updates: [...writes.updates, ...notifying(decided)] }
}

/** Every change has an event. */
const isNothing = ({ events }: Writes) => events.length === 0

const withRows = (copies: readonly Copy[]) => copies.filter(({ items }) => items > 0)

/** What decisions write; without rows where nothing has changed. */
function writesOf(decided: readonly DecidedOrder[], nowMs: number, news: readonly ShipmentChange[] = []) {
  const changes = [...news, ...decided.flatMap(one => one.changes)]
  const orders = changeDeliveryStatus(decided.flatMap(statusChangeOf), nowMs)
  const { updates, copies } = rowsOf(changes)
  return {
    updates: [...updates, ...orders.updates],
    rows: withRows([...copies, orders.transitions]),
    events: [...orders.events, ...changes.map(eventOf)],
    changed: orders.saved.map(({ order }): ChangedOrder => order),
    completed: orders.saved.filter(({ command }) => command === 'complete'),
  }
}

/** What becomes of the order: the last change says why. */
function statusChangeOf({ before, changes }: DecidedOrder): DeliveryStatusChange[] {
  const last = changes.at(-1)
  if (last === undefined) return []
  const deliveryStatus = deliveryStatusOf(withChanges(before, changes))
  const { reason, actor } = last.after
  const { order } = before
  return [
    { order, deliveryStatus, complete: deliveryStatus === 'delivered', reason, actor, traceparent: last.traceparent },
  ]
}

/** The rows of changes. A shipment may have changed several times: its last version is written. */
export function rowsOf(changes: readonly ShipmentChange[]): { updates: Statement<undefined>[]; copies: Copy[] } {
  const merged = [...Map.groupBy(changes, ({ after }) => after.shipmentId).values()].map(of => ({
    before: of[0]?.before,
    after: (of.at(-1) as ShipmentChange).after,
  }))
  const added = merged.flatMap(({ before, after }) => (before === undefined ? [after] : []))
  const changed = merged.flatMap(({ before, after }) => (before === undefined ? [] : [{ before, after }]))
  const changedUnits = changed.flatMap(({ before, after }) => unitChanges(before, after))
  const numbers = changed.map(({ before, after }) => numberChanges(before, after))
  return {
    updates: [
      ...shipmentsTable.update(changed),
      ...unitsTable.update(changedUnits),
      ...numbersTable.update(numbers.flatMap(one => one.changed)),
    ],
    copies: [
      shipmentsTable.copyOf(added),
      unitsTable.copyOf(added.flatMap(unitsOf)),
      numbersTable.copyOf([...added.flatMap(numbersOf), ...numbers.flatMap(one => one.added)]),
      estimatesTable.copyOf(
        changes.flatMap(({ after, estimate }) => (estimate === undefined ? [] : [{ ...keyOf(after), ...estimate }])),
      ),
    ],
  }
}

const keyOf = ({ orderUid, shipmentId }: Shipment) => ({ orderUid, shipmentId })

function unitsOf(shipment: Shipment) {
  return shipment.units.map(unit => ({ ...keyOf(shipment), ...unit, isLive: isLive(shipment) }))
}

function unitChanges(before: Shipment, after: Shipment) {
  if (before.units === after.units && isLive(before) === isLive(after)) return []
  const known = new Map(unitsOf(before).map(unit => [unit.line, unit]))
  return unitsOf(after).flatMap(unit => {
    const was = known.get(unit.line)
    return was === undefined || isSame(was, unit) ? [] : [{ before: was, after: unit }]
  })
}

function isSame(one: ReturnType<typeof unitsOf>[number], other: typeof one): boolean {
  return (
    one.isLive === other.isLive &&
    one.shippedFrom === other.shippedFrom &&
    one.wasReserved === other.wasReserved &&
    one.returnedAtMs === other.returnedAtMs
  )
}

function numbersOf(shipment: Shipment) {
  return shipment.numbers.map(number => ({ ...keyOf(shipment), ...number }))
}

function numberChanges(before: Shipment, after: Shipment) {
  const known = new Map(numbersOf(before).map(number => [number.number, number]))
  const now = numbersOf(after)
  return {
    added: now.filter(({ number }) => !known.has(number)),
    changed: now.flatMap((number): { before: Of<Shipment['numbers'][number]>; after: typeof number }[] => {
      const was = known.get(number.number)
      return was === undefined || was.status === number.status ? [] : [{ before: was, after: number }]
    }),
  }
}
