import { lockedOf, lockingOrders, readingLocked } from '../orders/order-locks.ts'
import { createdAtOf, unitCountOf } from '../orders/order-sql.ts'
import { textArrayOf } from '../platform/array-text.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import { command, inOneRoundTrip, rowsAsJson } from '../platform/round-trip.ts'
import type { Estimate, OrderShipments } from './changes.ts'
import {
  estimateColumns,
  type EstimateRow,
  numberColumns,
  type NumberRow,
  shipmentColumns,
  type ShipmentRow,
  toEstimate,
  toShipment,
  unitColumns,
  type UnitRow,
} from './rows.ts'
import type { Shipment } from './shipment.ts'

/** Shipments as decisions need them: read under the locks of their orders. */

/** Orders with their shipments, and those that another transaction has. */
export type LockedShipments = Readonly<{ orders: readonly OrderShipments[]; busy: readonly string[] }>

/** Every statement finds its rows by key: see `begin` of the payments' writer. */
const begin = [command('begin isolation level read committed'), command('set local enable_seqscan = off')] as const

/**
 * Begins a transaction: locks orders as `lockOrders` does, and reads their shipments, in one round trip.
 *
 * @param orderUids sorted, each once
 */
export async function beginWithShipments(client: PoolClient, orderUids: readonly string[]): Promise<LockedShipments> {
  const [, , busy, stored, placed, ...parts] = await inOneRoundTrip(client, [
    ...begin,
    ...lockingOrders(orderUids),
    readingPlaced(orderUids),
    ...readingShipments(orderUids),
  ])
  const { locked, busy: others } = lockedOf(busy, stored)
  return { orders: assemble(locked, byOrder(toShipments(...parts)), placed), busy: others }
}

/** The shipments of orders that the transaction has locked. @param orderUids each once */
export async function loadShipmentsOf(client: PoolClient, orderUids: readonly string[]): Promise<readonly Shipment[]> {
  if (orderUids.length === 0) return []
  return toShipments(...(await inOneRoundTrip(client, readingShipments(orderUids))))
}

/** Orders that the transaction has locked, with their shipments. */
export async function loadLocked(
  client: PoolClient,
  shipmentsOf: ReadonlyMap<string, readonly Shipment[]>,
): Promise<readonly OrderShipments[]> {
  if (shipmentsOf.size === 0) return []
  const orderUids = [...shipmentsOf.keys()]
  const [orders, placed] = await inOneRoundTrip(client, [readingLocked(orderUids), readingPlaced(orderUids)])
  return assemble(orders, shipmentsOf, placed)
}

/** The shipments of orders that the transaction has locked. */
export async function loadShipments(
  client: PoolClient,
  orders: readonly OrderShipments['order'][],
): Promise<OrderShipments[]> {
  if (orders.length === 0) return []
  const orderUids = orders.map(({ orderUid }) => orderUid)
  const [placed, ...parts] = await inOneRoundTrip(client, [readingPlaced(orderUids), ...readingShipments(orderUids)])
  return assemble(orders, byOrder(toShipments(...parts)), placed)
}

type OrderRow = Readonly<{ order_uid: string; units: number; placed_at: number }>

const uidsOf = (orderUids: readonly string[]) => textArrayOf(orderUids, orderUid => orderUid)

/** How many units orders have, and when they were placed. */
const readingPlaced = (orderUids: readonly string[]) =>
  rowsAsJson<OrderRow>(
    `select order_uid, ${unitCountOf('wanted.order_uid')} as units, ${createdAtOf('wanted.order_uid')} as placed_at
       from unnest($1::text[]) as wanted (order_uid)`,
    [uidsOf(orderUids)],
  )

/** The shipments of orders, in the order in which `toShipments` takes them. */
function readingShipments(orderUids: readonly string[]) {
  return [
    rowsAsJson<ShipmentRow>(
      `select ${shipmentColumns} from shipments where order_uid = any($1) order by shipments.created_at, shipment_id`,
      [uidsOf(orderUids)],
    ),
    rowsAsJson<UnitRow>(`select ${unitColumns} from shipment_units where order_uid = any($1) order by line`, [
      orderUids,
    ]),
    rowsAsJson<NumberRow>(
      `select ${numberColumns} from shipment_tracking_numbers n where order_uid = any($1) order by n.added_at, number`,
      [uidsOf(orderUids)],
    ),
  ] as const
}

export const byOrder = (shipments: readonly Shipment[]) => Map.groupBy(shipments, ({ orderUid }) => orderUid)

function assemble(
  orders: readonly OrderShipments['order'][],
  shipmentsOf: ReadonlyMap<string, readonly Shipment[]>,
  placed: readonly OrderRow[],
): OrderShipments[] {
  const rows = new Map(placed.map(row => [row.order_uid, row]))
  return orders.map(order => ({
    order,
    units: rows.get(order.orderUid)?.units ?? 0,
    placedAtMs: rows.get(order.orderUid)?.placed_at ?? 0,
    shipments: shipmentsOf.get(order.orderUid) ?? [],
  }))
}

function toShipments(
  shipments: readonly ShipmentRow[],
  units: readonly UnitRow[],
  numbers: readonly NumberRow[],
): Shipment[] {
  const unitsOf = Map.groupBy(units, row => row.shipment_id)
  const numbersOf = Map.groupBy(numbers, row => row.shipment_id)
  return shipments.map(row => toShipment(row, unitsOf.get(row.shipment_id) ?? [], numbersOf.get(row.shipment_id) ?? []))
}

/** The order that a shipment is of; undefined when there is no such shipment. */
export async function findOrderOf(pool: Pool, shipmentId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ order_uid: string }>('select order_uid from shipments where shipment_id = $1', [
    shipmentId,
  ])
  return rows[0]?.order_uid
}

/** The shipments of an order, oldest first, without a lock. */
export async function readShipmentsOf(pool: Pool, orderUid: string): Promise<Shipment[]> {
  const [shipments, units, numbers] = await withConnection(pool, client =>
    inOneRoundTrip(client, readingShipments([orderUid])),
  )
  return toShipments(shipments, units, numbers)
}

/** The units and numbers of shipments that a list has found, in the order of the list. */
export async function withParts(pool: Pool, rows: readonly ShipmentRow[]): Promise<Shipment[]> {
  if (rows.length === 0) return []
  const values = [[...new Set(rows.map(row => row.order_uid))], rows.map(row => row.shipment_id)]
  const where = 'order_uid = any($1) and shipment_id = any($2)'
  const [units, numbers] = await withConnection(pool, client =>
    inOneRoundTrip(client, [
      rowsAsJson<UnitRow>(`select ${unitColumns} from shipment_units where ${where} order by line`, values),
      rowsAsJson<NumberRow>(
        `select ${numberColumns} from shipment_tracking_numbers n where ${where} order by n.added_at, number`,
        values,
      ),
    ]),
  )
  return toShipments(rows, units, numbers)
}

/** When a shipment was expected over time, oldest first. */
export async function readEstimates(pool: Pool, { orderUid, shipmentId }: Shipment): Promise<Estimate[]> {
  const { rows } = await pool.query<EstimateRow>(
    `select ${estimateColumns} from shipment_estimates where order_uid = $1 and shipment_id = $2 order by version`,
    [orderUid, shipmentId],
  )
  return rows.map(toEstimate)
}
