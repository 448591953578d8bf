import { AppError } from '../errors.ts'
import { findLocation } from '../inventory/location-queries.ts'
import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import type { Cause, OrderShipments, ShipmentChange } from './changes.ts'
import { decideCreate, type NewNumber } from './decide-create.ts'
import { decideCancel, decideDeliver, decidePack, decideShip, type MoveDecision } from './decide-move.ts'
import { decideUpdate, type Update } from './decide-update.ts'
import type { Facts, ShipmentWriter } from './group.ts'
import { newShipmentId, shipmentIdForm } from './ids.ts'
import { findOrderOf } from './load.ts'
import { operations } from './operations.ts'
import { presentShipment } from './presentation.ts'
import { shipmentNotFound } from './refusal.ts'
import { readRemark, readShip, readShipment, readUpdate, type Remarks } from './requests.ts'
import type { Shipment } from './shipment.ts'

type Options = Readonly<{
  /** For reads of one thing. */
  single: Pool
  writer: ShipmentWriter
  /** Whether what is not paid may be shipped. */
  shipUnpaid: boolean
}>

/** Shipments are planned, packed, shipped, delivered, cancelled and changed. */
export function shipmentRoutes(options: Options): Route[] {
  const post = { method: 'POST', scope: 'deliveries:write', idempotent: true } as const
  const path = '/api/shipments/:id'
  return [
    {
      ...{ ...post, path: '/api/orders/:id/shipments', operation: operations.create },
      handle: (call, claim) => create(call, claim, options),
    },
    {
      ...{ ...post, path: `${path}/pack`, operation: operations.pack },
      handle: async (call, claim) =>
        move(call, claim, options, { ...(await readRemark(call.request)), decide: decidePack }),
    },
    {
      ...{ ...post, path: `${path}/ship`, operation: operations.ship },
      handle: (call, claim) => ship(call, claim, options),
    },
    {
      ...{ ...post, path: `${path}/deliver`, operation: operations.deliver },
      handle: async (call, claim) =>
        move(call, claim, options, { ...(await readRemark(call.request)), decide: decideDeliver }),
    },
    {
      ...{ ...post, path: `${path}/cancel`, operation: operations.cancel },
      handle: async (call, claim) =>
        move(call, claim, options, {
          ...(await readRemark(call.request)),
          movesStock: true,
          decide: (before, shipment, cause, { stock }) => decideCancel(before, shipment, stock, cause),
        }),
    },
    {
      ...{ ...post, path: `${path}/update`, operation: operations.update },
      handle: (call, claim) => update(call, claim, options),
    },
  ]
}

async function create(call: Call, claim: Claim | undefined, options: Options): Promise<Response> {
  const { reason, actor, ...input } = await readShipment(call.request)
  const orderUid = call.params.id ?? ''
  if (!orderUidForm.test(orderUid)) throw notFound(orderUid)
  await checkLocation(options, input.location)
  const shipmentId = newShipmentId(claim)
  const traceparent = traceOf(call.request)
  const answer = await options.writer.change({
    orderUid,
    wantsItems: true,
    numbers: input.numbers.map(({ number }) => number),
    decide(before, { items, nowMs }) {
      const known = before.shipments.find(one => one.shipmentId === shipmentId)
      const cause = { nowMs, reason, actor, traceparent }
      const change = known ? undefined : decideCreate(before, items, { ...input, shipmentId }, cause)
      const answer = answerTo(201, known ?? (change as ShipmentChange).after, nowMs, claim)
      return { ...answer, changes: change === undefined ? [] : [change] }
    },
  })
  return settle(answer, claim)
}

/** @throws AppError REQUEST_INVALID when there is no such location */
async function checkLocation({ single }: Options, location: string | undefined): Promise<void> {
  if (location === undefined || (await findLocation(single, location)) !== undefined) return
  const violations = [{ pointer: '/location', detail: 'must be a location that there is' }]
  throw new AppError('REQUEST_INVALID', 'there is no such location', { violations })
}

type Move = Remarks &
  Readonly<{
    movesStock?: boolean
    numbers?: readonly NewNumber[]
    decide(before: OrderShipments, shipment: Shipment, cause: Cause, facts: Facts): MoveDecision
  }>

async function move(
  call: Call,
  claim: Claim | undefined,
  { single, writer }: Options,
  { movesStock = false, numbers = [], decide, reason, actor }: Move,
): Promise<Response> {
  const shipmentId = call.params.id ?? ''
  const orderUid = shipmentIdForm.test(shipmentId) ? await findOrderOf(single, shipmentId) : undefined
  if (orderUid === undefined) throw shipmentNotFound(shipmentId)
  const traceparent = traceOf(call.request)
  const answer = await writer.change({
    ...{ orderUid, movesStock, numbers: numbers.map(({ number }) => number) },
    decide(before, facts) {
      const shipment = before.shipments.find(one => one.shipmentId === shipmentId)
      if (shipment === undefined) throw shipmentNotFound(shipmentId)
      const { nowMs } = facts
      const decision = decide(before, shipment, { nowMs, reason, actor, traceparent }, facts)
      const answer = answerTo(200, decision?.change.after ?? shipment, nowMs, claim)
      return { ...answer, changes: decision === undefined ? [] : [decision.change], stock: decision?.stock }
    },
  })
  return settle(answer, claim)
}

async function ship(call: Call, claim: Claim | undefined, options: Options): Promise<Response> {
  const { location, reallocate, carrier, numbers, reason, actor } = await readShip(call.request)
  await checkLocation(options, location)
  const { shipUnpaid } = options
  return move(call, claim, options, {
    ...{ reason, actor, numbers, movesStock: true },
    decide(before, shipment, cause, { stock }) {
      const known = decideShip(before, shipment, { stock, location, reallocate, shipUnpaid, carrier, numbers }, cause)
      if (known !== undefined || numbers.length === 0) return known
      // It has left already: its numbers are told later.
      const change = decideUpdate(shipment, { numbers, carrier }, cause)
      return change && { change }
    },
  })
}

async function update(call: Call, claim: Claim | undefined, options: Options): Promise<Response> {
  const { reason, actor, ...given } = await readUpdate(call.request)
  const wanted: Update = given
  return move(call, claim, options, {
    ...{ reason, actor, numbers: given.numbers },
    decide(_, shipment, cause) {
      const change = decideUpdate(shipment, wanted, cause)
      return change && { change }
    },
  })
}

/** The answer of a decision, and that it is kept for a repetition of the request. */
function answerTo(status: 200 | 201, shipment: Shipment, nowMs: number, claim: Claim | undefined) {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  // Relative to /api/orders/:id/shipments.
  if (status === 201) headers.location = `../../shipments/${shipment.shipmentId}`
  const result: StoredResponse = { status, headers, body: JSON.stringify(presentShipment(shipment, nowMs)) }
  return { result, keep: claim && { claim, answer: result } }
}

function settle(answer: StoredResponse, claim: Claim | undefined): Response {
  if (claim !== undefined) claim.isKept = true
  return toResponse(answer)
}
