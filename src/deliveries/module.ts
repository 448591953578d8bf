import { stockLow } from '../inventory/variables.ts'
import type { Context, Module, Running } from '../module.ts'
import { declareApi } from '../module-api.ts'
import { ordersApi } from '../orders/module.ts'
import { type DelayOptions, noticeDelays, runDelays } from './delays.ts'
import { shipmentEventDefinitions } from './events.ts'
import { createShipmentWriter, type ShipmentWriter, type ShipmentWriterOptions } from './group.ts'
import { createShipmentMetrics } from './metrics.ts'
import { followOrders } from './order-changes.ts'
import { followParcels } from './parcel-changes.ts'
import { plannedShipments } from './planned-shipments.ts'
import { findTracked } from './read-queries.ts'
import { readRoutes } from './routes-read.ts'
import { shipmentRoutes } from './routes-shipments.ts'
import { shipmentChecks } from './shipment-checks.ts'
import { shipmentStream } from './shipment-stream.ts'
import { shipUnpaid } from './variables.ts'

export type DeliveriesApi = {
  writer: ShipmentWriter
  /** Tells of one portion of broken promises, as the worker does. */
  noticeDelays: () => ReturnType<typeof noticeDelays>
}

export const deliveriesApi = declareApi<DeliveriesApi>('deliveries')

/** Shipments: which units of an order go out together, and what becomes of them. */
export const deliveriesModule: Module = {
  name: 'deliveries',
  title: 'Deliveries',
  buildsOn: ['events', 'orders', 'inventory', 'tracking'],
  tables: [
    { name: 'shipments', order: 'order_uid, shipment_id' },
    { name: 'shipment_units', order: 'order_uid, shipment_id, line' },
    { name: 'shipment_tracking_numbers', order: 'order_uid, shipment_id, number' },
    { name: 'shipment_estimates', order: 'order_uid, shipment_id, version' },
  ],
  erase: { columns: { shipments: [], shipment_units: [], shipment_tracking_numbers: [], shipment_estimates: [] } },
  exports: {
    shipments: { by: 'order' },
    shipment_units: { by: 'order' },
    shipment_tracking_numbers: { by: 'order' },
    shipment_estimates: { by: 'order' },
  },
  streams: [shipmentStream],
  events: shipmentEventDefinitions,
  variables: [shipUnpaid],
  placement: [plannedShipments],
  checks: shipmentChecks,
  scopes: ['deliveries:write'],
  tags: { shipments: 'Shipments: units of an order that go out together' },
  start,
}

function start(context: Context): Running {
  const { pool, pools, now, isClockRight, log, logGrown, registry, value, running } = context
  const { cache } = ordersApi.of(context)
  const metrics = createShipmentMetrics(registry, pool, now)
  const writing: Omit<ShipmentWriterOptions, 'pool'> = {
    now,
    lowStockDefault: value(stockLow),
    parts: () => running().flatMap(({ statusChanges = [] }) => statusChanges.filter(part => part !== followOrders)),
    onCommitted(decided, changed) {
      metrics.saved(decided)
      for (const { orderUid, version } of changed) cache.forget(orderUid, version)
      if (decided.some(({ changes }) => changes.length > 0)) logGrown.notify()
    },
  }
  const writer = createShipmentWriter({ pool: pools.commands, ...writing })
  const delaying: DelayOptions = { pool, isClockRight, log, ...writing }
  deliveriesApi.offer(context, { writer, noticeDelays: () => noticeDelays(delaying) })
  return {
    routes: [
      ...readRoutes({ single: pools.single, lists: pools.lists, now }),
      ...shipmentRoutes({ single: pools.single, writer, shipUnpaid: value(shipUnpaid) }),
    ],
    workers: [{ name: 'late shipments', run: stop => runDelays(delaying, stop) }],
    statusChanges: [followOrders],
    tracking: [followParcels(writing)],
    findTracked,
    drain: deadlineMs => writer.close(deadlineMs),
  }
}
