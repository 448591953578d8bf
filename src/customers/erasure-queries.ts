import type { Whom } from '../whom.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'

/** The SQL of erasures, one function a statement. */

/** The erasure of a customer or an order, as far as it is. Times in milliseconds since 1970. */
export type Erasure = Readonly<{
  erasureId: string
  whom: Whom
  /** The step that it is at; undefined: it is finished. */
  step: string | undefined
  /** Where in that step the next portion begins. */
  position: string
  /** How many of each were erased, by the names of the steps. */
  counts: Readonly<Record<string, number>>
  reason: string
  actor: string
  startedAtMs: number
  finishedAtMs: number | undefined
}>

type Row = {
  erasure_id: string
  customer_id: string | null
  order_uid: string | null
  step: string | null
  position: string
  counts: Record<string, number>
  reason: string
  actor: string
  started_at: Date
  finished_at: Date | null
}

/** The database has it that one of them is given. */
function whomOf({ customer_id: customerId, order_uid: orderUid }: Row): Whom {
  return orderUid === null ? { customerId: customerId ?? '', orderUid: undefined } : { customerId: undefined, orderUid }
}

function toErasure(row: Row): Erasure {
  return {
    erasureId: row.erasure_id,
    whom: whomOf(row),
    step: row.step ?? undefined,
    position: row.position,
    counts: row.counts,
    reason: row.reason,
    actor: row.actor,
    startedAtMs: row.started_at.getTime(),
    finishedAtMs: row.finished_at?.getTime(),
  }
}

/** Stores an erasure, unless one of the same customer or order is not finished. */
export async function insertErasure(pool: Pool, erasure: Erasure): Promise<void> {
  await pool.query(
    `insert into customer_erasures (erasure_id, customer_id, order_uid, step, position, counts, reason, actor, started_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict do nothing`,
    [
      ...[erasure.erasureId, erasure.whom.customerId, erasure.whom.orderUid, erasure.step, erasure.position],
      JSON.stringify(erasure.counts),
      ...[erasure.reason, erasure.actor, new Date(erasure.startedAtMs)],
    ],
  )
}

/** The erasures of a customer or of an order, newest first. */
export async function findErasuresOf(pool: Pool, { customerId, orderUid }: Whom, limit: number): Promise<Erasure[]> {
  const { rows } = await pool.query<Row>(
    `select * from customer_erasures
      where ${orderUid === undefined ? 'md5(customer_id) = md5($1) and customer_id = $1' : 'order_uid = $1'}
      order by started_at desc, erasure_id
      limit $2`,
    [orderUid ?? customerId, limit],
  )
  return rows.map(toErasure)
}

export async function findErasure(client: Pool | PoolClient, erasureId: string): Promise<Erasure | undefined> {
  const { rows } = await client.query<Row>('select * from customer_erasures where erasure_id = $1', [erasureId])
  return rows.map(toErasure)[0]
}

/** The oldest erasures that are not finished. */
export async function findRunning(pool: Pool, limit: number): Promise<Erasure[]> {
  const { rows } = await pool.query<Row>(
    'select * from customer_erasures where step is not null order by started_at, erasure_id limit $1',
    [limit],
  )
  return rows.map(toErasure)
}

/** Saves how far an erasure is, in the transaction that has its lock. */
export async function saveProgress(client: PoolClient, erasure: Erasure): Promise<void> {
  const { erasureId, step, position, counts, finishedAtMs } = erasure
  await client.query(
    'update customer_erasures set step = $2, position = $3, counts = $4, finished_at = $5 where erasure_id = $1',
    [
      ...[erasureId, step ?? null, position, JSON.stringify(counts)],
      finishedAtMs === undefined ? null : new Date(finishedAtMs),
    ],
  )
}
