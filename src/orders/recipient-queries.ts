import type { Pool } from '../platform/postgres.ts'
import { type Recipient, recipientOf } from './recipient.ts'

/** A correction of the recipient, with why it was made. */
export type StoredCorrection = Readonly<{
  /** That the order had after it. */
  version: number
  /** The recipient from then on; null once it is erased. */
  delivery: Recipient | null
  reason: string
  actor: string
  recordedAt: Date
}>

/** The recipient of an order, and how it came about. */
export type RecipientHistory = Readonly<{
  delivery: Recipient
  /** As the order was sent; null once it is erased. */
  sent: Recipient | null
  /** Newest first. */
  corrections: readonly StoredCorrection[]
}>

/** The most corrections that are read; older ones are kept all the same. */
const correctionsMax = 100

/** Reads the recipient of an order with its corrections; undefined if the order is not stored. */
export async function findRecipientHistory(pool: Pool, orderUid: string): Promise<RecipientHistory | undefined> {
  const { rows } = await pool.query<{ document: string; delivery: string | null; is_erased: boolean }>(
    'select document, delivery, sent_digest is not null as is_erased from orders where order_uid = $1',
    [orderUid],
  )
  const [order] = rows
  if (order === undefined) return undefined
  const sent = recipientOf(order.document)
  const delivery = order.delivery === null ? sent : (JSON.parse(order.delivery) as Recipient)
  return { delivery, sent: order.is_erased ? null : sent, corrections: await readCorrections(pool, orderUid) }
}

async function readCorrections(pool: Pool, orderUid: string): Promise<StoredCorrection[]> {
  const { rows } = await pool.query<Omit<StoredCorrection, 'delivery'> & { delivery: string | null }>(
    `select c.version, c.delivery, t.reason, t.actor, t.recorded_at as "recordedAt"
       from order_corrections c
       join order_transitions t on t.order_uid = c.order_uid and t.version = c.version
      where c.order_uid = $1
      order by c.version desc
      limit ${correctionsMax}`,
    [orderUid],
  )
  return rows.map(row => ({ ...row, delivery: row.delivery === null ? null : (JSON.parse(row.delivery) as Recipient) }))
}
