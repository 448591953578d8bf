import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import type { CachedOrder } from './cached-order.ts'
import { type StoredOrder, toStored } from './queries.ts'
import type { ValidOrder } from './new-order.ts'

/** An order as an answer. */
export function answerWith({ body, etag }: CachedOrder): StoredResponse {
  return { status: 200, headers: { 'content-type': 'application/json', etag }, body }
}

/** The answer to the request that placed an order. `Location` is relative to /api/orders. */
export function answerToPlaced(orderUid: string, order: CachedOrder): StoredResponse {
  const { headers, body } = answerWith(order)
  return { status: 201, headers: { ...headers, location: `orders/${orderUid}` }, body }
}

/**
 * An order whose request has an Idempotency-Key: the transaction that places it keeps the answer.
 *
 * @param claim undefined for a request without a key
 */
export function answered(
  order: ValidOrder,
  claim: Claim | undefined,
  answerTo: (placed: StoredOrder) => StoredResponse,
): ValidOrder {
  if (claim === undefined) return order
  return { ...order, keepAnswer: placed => ({ claim, answer: answerTo(toStored(placed)) }) }
}
