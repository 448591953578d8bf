import { answerWith } from '../orders/answers.ts'
import { CachedOrder } from '../orders/cached-order.ts'
import { versionOf } from '../orders/command-routes.ts'
import { notFound } from '../orders/commands.ts'
import { findRecipientHistory } from '../orders/recipient-queries.ts'
import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import { type Claim, keepAnswer } from '../platform/idempotency/queries.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import { type CorrectOptions, correctRecipient } from './correct.ts'
import { operations } from './operations.ts'
import { orderUidOf, readCorrection } from './requests.ts'

/** The recipient of an order is corrected, and read with its corrections. @param single the pool for reads of one thing */
export function deliveryRoutes(options: CorrectOptions, single: Pool): Route[] {
  const path = '/api/orders/:id/delivery'
  return [
    {
      ...{ method: 'POST', path, scope: 'orders:write', idempotent: true, operation: operations.correctDelivery },
      onReplayed: (call, { headers }) => options.onChanged(call.params.id ?? '', versionOf(headers.etag)),
      handle: (call, claim) => correct(call, options, claim),
    },
    {
      ...{ method: 'GET', path, scope: 'orders:read', operation: operations.getDelivery },
      handle: call => show(call, single),
    },
  ]
}

async function correct(call: Call, options: CorrectOptions, claim: Claim | undefined): Promise<Response> {
  const asked = await readCorrection(call.request)
  const order = await correctRecipient(options, {
    ...asked,
    orderUid: orderUidOf(call),
    traceparent: traceOf(call.request),
    keepAnswer: claim && ((client, after) => keepAnswer(client, { claim, answer: answerWith(new CachedOrder(after)) })),
  })
  if (claim !== undefined) claim.isKept = true
  return toResponse(answerWith(new CachedOrder(order)))
}

async function show(call: Call, single: Pool): Promise<Response> {
  const orderUid = orderUidOf(call)
  const found = await findRecipientHistory(single, orderUid)
  if (found === undefined) throw notFound(orderUid)
  const corrections = found.corrections.map(({ recordedAt, ...correction }) => ({
    ...correction,
    recorded_at: recordedAt.toISOString(),
  }))
  return Response.json({ order_uid: orderUid, delivery: found.delivery, sent: found.sent, corrections })
}
