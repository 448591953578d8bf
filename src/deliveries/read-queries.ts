import type { Pool } from '../platform/postgres.ts'
import { pageOf, walkedRows } from '../platform/walked-page.ts'
import type { TimedPosition } from '../platform/timed-cursor.ts'
import { normalizeNumber } from '../tracking/checkpoint.ts'
import { parcelShipments } from '../tracking/tracking-sql.ts'
import { withParts } from './load.ts'
import { shipmentColumns, type ShipmentRow } from './rows.ts'
import { openStates, type Shipment, type ShipmentState, shipmentStates } from './shipment.ts'

/** Which shipments a list has; each condition that is given must hold. */
export type ShipmentFilter = Readonly<{
  states: readonly ShipmentState[] | undefined
  carrier: string | undefined
  location: string | undefined
  /** With this tracking number. */
  number: string | undefined
  /** Of these orders: few. */
  orderUids: readonly string[] | undefined
  /** Of which it was noticed that the promise is not kept, and that have not arrived. */
  isLate: boolean
  isSilent: boolean
  /** Created at or after, and before, in milliseconds since 1970. */
  fromMs: number | undefined
  toMs: number | undefined
}>

/** A page of shipments, and where the next one begins: undefined on the last page. */
export type ShipmentPage = Readonly<{ shipments: readonly Shipment[]; next: TimedPosition | undefined }>

/** Shipments of which it was noticed that they are late; an index has them. */
export const isNoticedLate = `delayed_at is not null and state in (${openStates.map(state => `'${state}'`).join(', ')})`

/** Shipments under way whose promise, if there is one, was not noticed to be broken; an index has them. */
export const isPromise = `delayed_at is null and state in (${openStates.map(state => `'${state}'`).join(', ')})`

/** Rows that a page of those that are late or silent checks for other conditions: 5 ms. */
const walkedMax = 2_500

/**
 * A page of shipments, newest first. A page of a filter of which no index serves all conditions may have fewer than the limit, or none,
 * before the last one.
 *
 * @param after the shipment before the page
 */
export async function listShipments(
  pool: Pool,
  filter: ShipmentFilter,
  after: TimedPosition | undefined,
  limit: number,
): Promise<ShipmentPage> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds: string[] = []
  if (filter.fromMs !== undefined) bounds.push(`created_at >= ${value(new Date(filter.fromMs))}`)
  if (filter.toMs !== undefined) bounds.push(`created_at < ${value(new Date(filter.toMs))}`)
  if (after !== undefined) {
    const place = `${value(new Date(after.atMs))}::timestamptz, ${value(after.id)}`
    bounds.push(`(created_at, shipment_id) < (${place})`)
  }
  const { table, branches, conditions } = wayOf(filter, value)
  const keys = ['order_uid', 'shipment_id', 'created_at']
  const walks = branches.map(branch =>
    walkedRows({
      ...{ table, keys, sortedBy: ['created_at', 'shipment_id'], conditions, limit, rowsMax: walkedMax },
      bounds: [...bounds, ...branch],
    }),
  )
  // Of several branches each has found a page.
  const few = conditions.length === 0 ? `limit ${limit + 1}` : ''
  const { rows } = await pool.query<ShipmentRow & { fits: boolean; number: string }>(
    `select ${shipmentColumns}, k.fits, k.number
       from (select * from (${walks.join(' union all ')}) found order by created_at desc, shipment_id desc ${few}) k
       join shipments s using (order_uid, shipment_id, created_at)
      order by created_at desc, shipment_id desc`,
    values,
  )
  const page = pageOf(rows, { conditions, limit, rowsMax: walkedMax })
  const next = page.last && { atMs: page.last.created_at, id: page.last.shipment_id }
  return { shipments: await withParts(pool, page.rows), next }
}

/** How a list finds its shipments: the rows to walk, each branch by an index, and what each row is checked for: then there is one branch. */
type Way = Readonly<{ table: string; branches: readonly (readonly string[])[]; conditions: readonly string[] }>

function wayOf(filter: ShipmentFilter, value: (given: unknown) => string): Way {
  const { states, carrier, location, number, orderUids, isLate, isSilent } = filter
  const carriedBy = carrier === undefined ? [] : [`carrier = ${value(carrier)}`]
  const leavesFrom = location === undefined ? [] : [`location = ${value(location)}`]
  const late = isLate ? [isNoticedLate] : []
  const silent = isSilent ? ['silent_at is not null'] : []
  // A parameter that no statement names is refused by the database.
  const inStates = () => (states === undefined ? [] : [`state = any(${value(states)})`])
  if (number !== undefined || orderUids !== undefined) {
    const table = fewRows({ number, orderUids }, value)
    return { table, branches: [[...carriedBy, ...leavesFrom, ...late, ...silent, ...inStates()]], conditions: [] }
  }
  const table = 'shipments'
  // One index for both would find all that are late and silent before it sorts them.
  const others = () => [...carriedBy, ...leavesFrom, ...inStates()]
  if (isSilent) return { table, branches: [silent], conditions: [...late, ...others()] }
  if (isLate) return { table, branches: [late], conditions: others() }
  // Indexes have a state, and those of a carrier, a location and both.
  const byState = (places: readonly string[]) =>
    [...new Set(states ?? shipmentStates)].map(state => [...places, `state = ${value(state)}`])
  const places = [...carriedBy, ...leavesFrom]
  const isAll = places.length === 0 && states === undefined
  return { table, branches: isAll ? [[]] : byState(places), conditions: [] }
}

/** The shipments of a number or of some orders, which are few: without a limit that the planner sees it does not look for them by their time. */
function fewRows(
  { number, orderUids }: Pick<ShipmentFilter, 'number' | 'orderUids'>,
  value: (given: unknown) => string,
): string {
  const ofOrders = orderUids === undefined ? 'true' : `s.order_uid = any(${value(orderUids)})`
  if (number === undefined) return `(select s.* from shipments s where ${ofOrders} offset 0) shipments`
  return `(select s.*
             from (${shipmentsOf(value(number), value(normalizeNumber(number)))}) n
             join shipments s on s.order_uid = n.order_uid and s.shipment_id = n.shipment_id and ${ofOrders} offset 0) shipments`
}

/** The orders of shipments whose promise is broken and was not told of, the longest broken first. */
export async function findBroken(pool: Pool, nowMs: number, shipmentsMax: number): Promise<string[]> {
  const { rows } = await pool.query<{ order_uid: string }>(
    `select order_uid from shipments
      where ${isPromise} and promised_by < $1
      order by promised_by
      limit $2`,
    [new Date(nowMs), shipmentsMax],
  )
  return rows.map(row => row.order_uid)
}

/** The shipments with a number, however it is written. @param number SQL, like the other: as it was given, and as `normalizeNumber` has it */
const shipmentsOf = (number: string, normalized: string) =>
  `select order_uid, shipment_id from shipment_tracking_numbers where number = ${number}
    union select order_uid, shipment_id from ${parcelShipments} p where number = ${normalized}`

/** The most orders that are found by one number. */
const trackedMax = 100

/** The orders with a shipment that has a tracking number, however it is written. */
export async function findTracked(pool: Pool, number: string): Promise<string[]> {
  const { rows } = await pool.query<{ order_uid: string }>(
    `select distinct order_uid from (${shipmentsOf('$1', '$2')}) n order by order_uid limit ${trackedMax}`,
    [number, normalizeNumber(number)],
  )
  return rows.map(row => row.order_uid)
}
