import { itemsOf } from '../deliveries/order-items.ts'
import { AppError } from '../errors.ts'
import { findLocations } from '../inventory/location-queries.ts'
import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import type { Call, Route } from '../platform/http.ts'
import type { Claim } from '../platform/idempotency/queries.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import type { Cause, ReturnDecision } from './changes.ts'
import { decideApprove, decideCancel, decideReject } from './decide-move.ts'
import { decideReceive, type ReceivedUnit } from './decide-receive.ts'
import { decideRequest } from './decide-request.ts'
import { newReturnId, returnIdForm } from './ids.ts'
import { findOrderOf } from './load.ts'
import { operations } from './operations.ts'
import { presentReturn } from './presentation.ts'
import { paidOf, type PaidOrder } from './refund-amount.ts'
import { changeReturn, type ReturnRefunds } from './refunds.ts'
import { returnNotFound } from './refusal.ts'
import { readReceipt, readRefund, readRemark, readReturn } from './requests.ts'
import type { Return } from './return.ts'
import type { ReturnWriter } from './writer.ts'

type Options = Readonly<{
  /** For reads of one thing. */
  single: Pool
  writer: ReturnWriter
  refunds: ReturnRefunds
}>

/** Returns are requested, approved, rejected, received, refunded and cancelled. A command that is repeated finds what it has done. */
export function returnRoutes(options: Options): Route[] {
  const post = { method: 'POST', scope: 'deliveries:write', idempotent: true } as const
  const path = '/api/returns/:id'
  const moving = (decide: (of: Return, cause: Cause) => ReturnDecision) => (call: Call) => move(call, options, decide)
  return [
    {
      ...{ ...post, path: '/api/orders/:id/returns', operation: operations.create },
      handle: (call, claim) => create(call, claim, options),
    },
    { ...post, path: `${path}/approve`, operation: operations.approve, handle: moving(decideApprove) },
    { ...post, path: `${path}/reject`, operation: operations.reject, handle: moving(decideReject) },
    { ...post, path: `${path}/receive`, operation: operations.receive, handle: call => receive(call, options) },
    {
      ...{ ...post, scope: 'payments:write', needsKey: true, path: `${path}/refund`, operation: operations.refund },
      handle: call => refund(call, options),
    },
    { ...post, path: `${path}/cancel`, operation: operations.cancel, handle: moving(decideCancel) },
  ]
}

async function create(call: Call, claim: Claim | undefined, { writer }: Options): Promise<Response> {
  const { rids, reason, actor } = await readReturn(call.request)
  const orderUid = call.params.id ?? ''
  if (!orderUidForm.test(orderUid)) throw notFound(orderUid)
  const returnId = newReturnId(claim)
  const traceparent = traceOf(call.request)
  const made = await writer.change({
    orderUid,
    wantsDocument: true,
    decide(before, { document, nowMs }) {
      const known = before.returns.find(one => one.returnId === returnId)
      if (known !== undefined) return { result: known, decision: undefined }
      const said = { items: itemsOf(document), paid: paidOf(JSON.parse(document) as PaidOrder) }
      const change = decideRequest(before, said, { returnId, rids }, { nowMs, reason, actor, traceparent })
      return { result: change.after, decision: { change } }
    },
  })
  // Relative to /api/orders/:id/returns.
  return Response.json(presentReturn(made), { status: 201, headers: { location: `../../returns/${returnId}` } })
}

async function move(
  call: Call,
  options: Options,
  decide: (of: Return, cause: Cause) => ReturnDecision,
): Promise<Response> {
  const { reason, actor } = await readRemark(call.request)
  const traceparent = traceOf(call.request)
  const after = await changeReturn(options, await nameOf(call, options), (_, of, { nowMs }) =>
    decide(of, { nowMs, reason, actor, traceparent }),
  )
  return Response.json(presentReturn(after))
}

async function receive(call: Call, options: Options): Promise<Response> {
  const { units, reason, actor } = await readReceipt(call.request)
  const named = await nameOf(call, options)
  await checkLocations(options, units)
  const traceparent = traceOf(call.request)
  const itemsOf: Parameters<ReturnWriter['change']>[0]['itemsOf'] = ({ returns }) =>
    returns.find(({ returnId }) => returnId === named.returnId)?.units.map(({ chrtId }) => chrtId) ?? []
  const after = await changeReturn(options, { ...named, itemsOf }, (before, of, { tracked, nowMs }) =>
    decideReceive(before, of, units, tracked, { nowMs, reason, actor, traceparent }),
  )
  return Response.json(presentReturn(after))
}

async function refund(call: Call, options: Options): Promise<Response> {
  const input = await readRefund(call.request)
  const named = await nameOf(call, options)
  const after = await options.refunds.refund({ ...input, ...named, traceparent: traceOf(call.request) })
  return Response.json(presentReturn(after))
}

/** The return that a call names. @throws AppError RETURN_NOT_FOUND */
async function nameOf(call: Call, { single }: Options): Promise<{ orderUid: string; returnId: string }> {
  const returnId = call.params.id ?? ''
  const orderUid = returnIdForm.test(returnId) ? await findOrderOf(single, returnId) : undefined
  if (orderUid === undefined) throw returnNotFound(returnId)
  return { orderUid, returnId }
}

/** @throws AppError REQUEST_INVALID for locations that there are not */
async function checkLocations({ single }: Options, units: readonly ReceivedUnit[]): Promise<void> {
  const named = [...new Set(units.flatMap(({ location }) => location ?? []))]
  if (named.length === 0) return
  const known = await withConnection(single, client => findLocations(client, named))
  const violations = units.flatMap(({ location }, index) =>
    location === undefined || known.has(location)
      ? []
      : [{ pointer: `/units/${index}/location`, detail: 'must be a location that there is' }],
  )
  if (violations.length > 0) throw new AppError('REQUEST_INVALID', 'there is no such location', { violations })
}
