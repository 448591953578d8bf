import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import { findOrder } from '../orders/queries.ts'
import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool } from '../platform/postgres.ts'
import { encodeTimedCursor } from '../platform/timed-cursor.ts'
import { shipmentIdForm } from './ids.ts'
import { readCheckpoints } from './checkpoints.ts'
import { encodeCheckpoint, readCheckpointsQuery, readListQuery } from './list-query.ts'
import { findOrderOf, readEstimates, readShipmentsOf } from './load.ts'
import { operations } from './operations.ts'
import { presentShipment, presentWithEstimates } from './presentation.ts'
import { listShipments } from './read-queries.ts'
import { shipmentNotFound } from './refusal.ts'

type Options = Readonly<{
  /** For reads of one thing, and for lists. */
  single: Pool
  lists: Pool
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
}>

/** Shipments are read. */
export function readRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  return [
    {
      ...get,
      path: '/api/orders/:id/shipments',
      operation: operations.ofOrder,
      handle: call => ofOrder(call, options),
    },
    { ...get, path: '/api/shipments', operation: operations.list, handle: call => list(call, options) },
    { ...get, path: '/api/shipments/:id', operation: operations.get, handle: call => show(call, options) },
    {
      ...{ ...get, path: '/api/shipments/:id/checkpoints', operation: operations.checkpoints },
      handle: call => checkpoints(call, options),
    },
  ]
}

async function ofOrder(call: Call, { single, now }: Options): Promise<Response> {
  const orderUid = call.params.id ?? ''
  const shipments = orderUidForm.test(orderUid) ? await readShipmentsOf(single, orderUid) : []
  if (shipments.length === 0 && (!orderUidForm.test(orderUid) || (await findOrder(single, orderUid)) === undefined))
    throw notFound(orderUid)
  const nowMs = now()
  return Response.json(shipments.map(shipment => presentShipment(shipment, nowMs)))
}

async function list(call: Call, { lists, now }: Options): Promise<Response> {
  const { url } = call.request
  const { filter, after, limit } = readListQuery(new URL(url).searchParams)
  const { shipments, next } = await listShipments(lists, filter, after, limit)
  const nowMs = now()
  return Response.json(
    shipments.map(shipment => presentShipment(shipment, nowMs)),
    { headers: next === undefined ? {} : { link: linkToNext(url, encodeTimedCursor(next)) } },
  )
}

async function show(call: Call, { single, now }: Options): Promise<Response> {
  const shipmentId = call.params.id ?? ''
  const orderUid = shipmentIdForm.test(shipmentId) ? await findOrderOf(single, shipmentId) : undefined
  const shipments = orderUid === undefined ? [] : await readShipmentsOf(single, orderUid)
  const shipment = shipments.find(one => one.shipmentId === shipmentId)
  if (shipment === undefined) throw shipmentNotFound(shipmentId)
  return Response.json(presentWithEstimates(shipment, await readEstimates(single, shipment), now()))
}

async function checkpoints(call: Call, { single, lists }: Options): Promise<Response> {
  const { url } = call.request
  const { after, limit } = readCheckpointsQuery(new URL(url).searchParams)
  const shipmentId = call.params.id ?? ''
  const orderUid = shipmentIdForm.test(shipmentId) ? await findOrderOf(single, shipmentId) : undefined
  if (orderUid === undefined) throw shipmentNotFound(shipmentId)
  const { checkpoints, next } = await readCheckpoints(lists, { orderUid, shipmentId }, after, limit)
  const headers = next === undefined ? {} : { link: linkToNext(url, encodeCheckpoint(next)) }
  return Response.json(checkpoints, { headers })
}
