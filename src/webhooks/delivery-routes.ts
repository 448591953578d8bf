import { AppError } from '../errors.ts'
import { readEvent } from '../events/log.ts'
import type { EventLog } from '../events/stream-definition.ts'
import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { QueryReader } from '../platform/query.ts'
import { insertDeliveries, listDeliveries } from './delivery-queries.ts'
import { existing, existingDelivery, idCursor, idOf } from './lookup.ts'
import type { WebhookMetrics } from './metrics.ts'
import { deliveryOperations, deliveryParameters } from './operations.ts'
import { fromLog, isDelivered, sendSigned, toDelivery } from './outgoing.ts'
import { presentDelivery } from './presentation.ts'
import type { Sender } from './sender.ts'
import { deliveryOutcome } from './views.ts'

export type DeliveryRoutesOptions = { log: EventLog; sender: Sender; metrics: WebhookMetrics; now: () => number }

/** The delivery log of a subscription over HTTP. */
export function deliveryRoutes(options: DeliveryRoutesOptions): Route[] {
  const path = '/api/webhooks/:id/deliveries'
  const scope = 'admin'
  return [
    { method: 'GET', path, scope, operation: deliveryOperations.deliveries, handle: call => list(call, options) },
    {
      method: 'GET',
      path: `${path}/:delivery`,
      scope,
      operation: deliveryOperations.delivery,
      handle: async call => Response.json(presentDelivery(await existingDelivery(options.log.pool, call))),
    },
    {
      method: 'POST',
      path: `${path}/:delivery/redeliver`,
      scope,
      idempotent: true,
      operation: deliveryOperations.redeliver,
      handle: call => redeliver(call, options),
    },
  ]
}

async function list(call: Call, { log: { pool } }: DeliveryRoutesOptions): Promise<Response> {
  const { url } = call.request
  const query = new QueryReader(new URL(url).searchParams, deliveryParameters)
  const limit = query.limit()
  const before = idCursor(query)
  const streamType = query.storableText('stream_type')
  const streamId = query.storableText('stream_id')
  const orderUid = query.storableText('order_uid')
  const outcome = query.text('outcome')
  const outcomes: readonly string[] = deliveryOutcome.enum
  if (outcome !== undefined && !outcomes.includes(outcome)) query.refuse('outcome', `one of ${outcomes.join(', ')}`)
  query.end()
  const { id } = await existing(pool, idOf(call))
  // One more than asked for tells whether there is a next page.
  const found = await listDeliveries(pool, id, { streamType, streamId, orderUid, outcome, before }, limit + 1)
  const deliveries = found.slice(0, limit)
  const last = found.length > limit ? deliveries.at(-1) : undefined
  return Response.json(deliveries.map(presentDelivery), {
    headers: last === undefined ? {} : { link: linkToNext(url, last.id) },
  })
}

/** Sends the event of a delivery once more, whatever became of it, and waits for the answer. */
async function redeliver(call: Call, options: DeliveryRoutesOptions): Promise<Response> {
  const { log, sender, metrics, now } = options
  const { pool } = log
  const { webhookId, ...name } = await existingDelivery(options.log.pool, call)
  const webhook = await existing(pool, webhookId)
  const logged = await readEvent(log, name)
  if (logged === undefined) {
    throw new AppError(
      'EVENT_NOT_FOUND',
      `the log no longer has event ${name.sequence} of ${name.streamType} ${name.streamId}`,
    )
  }
  const event = fromLog(log, logged)
  const attemptedAtMs = now()
  const result = await sendSigned(sender, webhook, event, attemptedAtMs)
  const outcome = isDelivered(result) ? 'delivered' : 'failed'
  metrics.attempted(outcome, result.durationMs)
  const delivery = toDelivery(webhookId, event, result, { attempt: 0, outcome, attemptedAtMs })
  const [id] = await insertDeliveries(pool, [delivery])
  if (id === undefined) throw new AppError('WEBHOOK_NOT_FOUND', `webhook ${webhookId} was deleted meanwhile`)
  return Response.json(presentDelivery({ ...delivery, id }))
}
