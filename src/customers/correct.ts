import { AppError } from '../errors.ts'
import type { PriceLists } from '../carts/price-lists.ts'
import { readItems } from '../inventory/item-queries.ts'
import { notFound, type OnChanged } from '../orders/commands.ts'
import type { OrderDocument } from '../orders/document.ts'
import { lockOrder } from '../orders/order-locks.ts'
import type { TakeTurn } from '../orders/order-turns.ts'
import { findOrder, type StoredOrder } from '../orders/queries.ts'
import { readRecipient, saveCorrection } from '../orders/recipient-changes.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { corrected, whyFixed } from './correction.ts'
import { whyRepriced } from './repricing.ts'
import type { AskedCorrection } from './requests.ts'

export type CorrectOptions = Readonly<{
  pool: Pool
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
  takeTurn: TakeTurn
  lists: PriceLists
  onChanged: OnChanged
}>

export type Correction = AskedCorrection &
  Readonly<{
    orderUid: string
    traceparent: string | undefined
    /** Runs in the transaction of the correction, with the order as it will be. */
    keepAnswer: ((client: PoolClient, order: StoredOrder) => Promise<void>) | undefined
  }>

/**
 * Corrects the recipient of an order that is not shipped. What it says already is no error, and changes nothing.
 *
 * @returns the order as it is then
 * @throws AppError ORDER_NOT_FOUND, TRANSITION_REFUSED when it is too late, WOULD_REPRICE, and what taking turns throws
 */
export async function correctRecipient(options: CorrectOptions, asked: Correction): Promise<StoredOrder> {
  const { takeTurn, onChanged } = options
  return takeTurn(asked.orderUid, async () => {
    let version: number | undefined
    try {
      return await attempt(options, asked, seen => {
        version = seen
      })
    } finally {
      // Also after a failure, when it is not known whether the transaction was committed.
      if (version !== undefined) onChanged(asked.orderUid, version)
    }
  })
}

function attempt(options: CorrectOptions, asked: Correction, onVersion: (version: number) => void) {
  const { orderUid, keepAnswer } = asked
  return inTransaction(options.pool, async client => {
    const order = await lockOrder(client, orderUid)
    if (order === undefined) throw notFound(orderUid)
    onVersion(order.version)
    const { document, isErased } = await readRecipient(client, orderUid)
    const fixed = whyFixed(order.state, isErased)
    if (fixed !== undefined) throw new AppError('TRANSITION_REFUSED', `the recipient cannot be corrected: ${fixed}`)
    const parsed = JSON.parse(document) as OrderDocument
    const recipient = corrected(parsed.delivery, asked.given)
    if (recipient !== undefined) {
      await refuseRepricing(client, options.lists, parsed, recipient)
      onVersion(order.version + 1)
      await saveCorrection(client, order, JSON.stringify(recipient), asked, options.now())
    }
    const after = await findOrder(client, orderUid)
    if (after === undefined) throw new Error(`order ${orderUid} is locked and is not there`)
    await keepAnswer?.(client, after)
    return after
  })
}

/** @throws AppError WOULD_REPRICE */
async function refuseRepricing(
  client: PoolClient,
  lists: PriceLists,
  order: OrderDocument,
  recipient: OrderDocument['delivery'],
): Promise<void> {
  const { country, region } = order.delivery
  if (country === recipient.country && region === recipient.region) return
  const { methods, taxes } = await lists.current()
  const items = await readItems(client, [...new Set(order.items.map(({ chrt_id: chrtId }) => chrtId))])
  const classes = new Map(items.map(({ chrtId, taxClass }) => [chrtId, taxClass]))
  const why = whyRepriced(order, recipient, { methods, taxes, taxClassOf: chrtId => classes.get(chrtId) })
  if (why !== undefined) throw new AppError('WOULD_REPRICE', `the price of the order would change: ${why}`)
}
