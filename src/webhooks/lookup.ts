import { AppError } from '../errors.ts'
import type { Call } from '../platform/http.ts'
import type { Pool } from '../platform/postgres.ts'
import type { QueryReader } from '../platform/query.ts'
import { type DeliveryListing, findDelivery } from './delivery-queries.ts'
import { findWebhook, type WebhookListing } from './queries.ts'

/** What a path or a query names, or the refusal. */

const idForm = /^\d{1,18}$/

/** The id below which a page begins. */
export function idCursor(query: QueryReader): string | undefined {
  const before = query.text('cursor')
  if (before !== undefined && !idForm.test(before)) query.refuse('cursor', 'taken from a Link header')
  return before
}

/** The id of a subscription in the path. @throws AppError WEBHOOK_NOT_FOUND for what can be none */
export function idOf(call: Call): string {
  const id = call.params.id ?? ''
  if (!idForm.test(id)) throw webhookNotFound(id)
  return id
}

/** @throws AppError WEBHOOK_NOT_FOUND */
export async function existing(pool: Pool, id: string): Promise<WebhookListing> {
  const webhook = await findWebhook(pool, id)
  if (webhook === undefined) throw webhookNotFound(id)
  return webhook
}

export function webhookNotFound(id: string): AppError {
  return new AppError('WEBHOOK_NOT_FOUND', `there is no webhook ${id}`)
}

/** The delivery that the path names. @throws AppError DELIVERY_NOT_FOUND or WEBHOOK_NOT_FOUND */
export async function existingDelivery(pool: Pool, call: Call): Promise<DeliveryListing> {
  const webhookId = idOf(call)
  const id = call.params.delivery ?? ''
  const delivery = idForm.test(id) ? await findDelivery(pool, webhookId, id) : undefined
  if (delivery === undefined) throw new AppError('DELIVERY_NOT_FOUND', `webhook ${webhookId} has no delivery ${id}`)
  return delivery
}
