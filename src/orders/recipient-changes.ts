import type { PoolClient } from '../platform/postgres.ts'
import type { LockedOrder } from './order-locks.ts'
import { withRecipient } from './recipient.ts'
import { saveChanges } from './save-changes.ts'

/** The recipient of orders, changed in the transaction that has locked them. See recipient.ts for how it is stored. */

/** What an order says of its recipient. */
export type StoredRecipient = Readonly<{
  /** The document as it reads back. */
  document: string
  /** Whether the recipient was erased: then there is none to correct. */
  isErased: boolean
}>

/** Reads the recipient of an order that is locked. */
export async function readRecipient(client: PoolClient, orderUid: string): Promise<StoredRecipient> {
  const { rows } = await client.query<{ document: string; delivery: string | null; is_erased: boolean }>(
    'select document, delivery, sent_digest is not null as is_erased from orders where order_uid = $1',
    [orderUid],
  )
  const [row] = rows
  if (row === undefined) throw new Error(`order ${orderUid} is locked and is not there`)
  const { document, delivery, is_erased: isErased } = row
  return { document: delivery === null ? document : withRecipient(document, delivery), isErased }
}

type Why = Readonly<{ reason: string; actor: string; traceparent?: string | undefined }>

/**
 * Corrects the recipient of an order: the row, the correction, the history and the event.
 *
 * @param delivery JSON: the whole recipient from now on
 */
export async function saveCorrection(
  client: PoolClient,
  order: LockedOrder,
  delivery: string,
  why: Why,
  nowMs: number,
): Promise<void> {
  const { orderUid, version, state } = order
  // Before the version: the trigger tells other instances of the version after the one that it finds.
  await client.query('update orders set delivery = $2 where order_uid = $1', [orderUid, delivery])
  await client.query('insert into order_corrections (order_uid, version, delivery) values ($1, $2, $3)', [
    ...[orderUid, version + 1, delivery],
  ])
  await saveChanges(client, [{ ...why, order, state, command: 'correct' }], nowMs)
}
