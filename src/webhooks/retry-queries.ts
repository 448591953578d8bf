import type { Owing } from '../events/partitions.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { QueuedRetry } from './retry-queue.ts'
import { readerOf } from './webhook.ts'

/** The SQL of the retry queue, one function a statement. */

type RetryRow = {
  stream_type: string
  stream_id: string
  sequence: number
  attempts: number
  due_at: Date
  recorded_at: Date
}

/** Everything in the queue of a subscription. */
export async function readRetries(pool: Pool, webhookId: string): Promise<QueuedRetry[]> {
  const { rows } = await pool.query<RetryRow>(
    `select stream_type, stream_id, sequence, attempts, due_at, recorded_at
       from webhook_retry_queue
      where webhook_id = $1
      order by stream_id, stream_type, sequence`,
    [webhookId],
  )
  return rows.map(row => ({
    streamType: row.stream_type,
    streamId: row.stream_id,
    sequence: row.sequence,
    attempts: row.attempts,
    dueAtMs: row.due_at.getTime(),
    recordedAt: row.recorded_at.toISOString(),
  }))
}

/** Queues events. One that is queued already stays as it is, and for a subscription that is gone there is nothing to do. */
export async function insertRetries(pool: Pool, webhookId: string, events: readonly QueuedRetry[]): Promise<void> {
  await pool.query(
    `insert into webhook_retry_queue (webhook_id, stream_type, stream_id, sequence, attempts, due_at, recorded_at)
     select w.id, q.*
       from webhooks w
      cross join unnest($2::text[], $3::text[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[]) q
      where w.id = $1
         on conflict do nothing`,
    [
      webhookId,
      events.map(event => event.streamType),
      events.map(event => event.streamId),
      events.map(event => event.sequence),
      events.map(event => event.attempts),
      events.map(event => new Date(event.dueAtMs)),
      events.map(event => event.recordedAt),
    ],
  )
}

const isEvent = 'webhook_id = $1 and stream_id = $2 and stream_type = $3 and sequence = $4'

export async function deleteRetry(pool: Pool, webhookId: string, event: QueuedRetry): Promise<void> {
  const { streamType, streamId, sequence } = event
  await pool.query(`delete from webhook_retry_queue where ${isEvent}`, [webhookId, streamId, streamType, sequence])
}

export async function updateRetry(
  pool: Pool,
  webhookId: string,
  { streamType, streamId, sequence }: QueuedRetry,
  attempts: number,
  dueAtMs: number,
): Promise<void> {
  await pool.query(`update webhook_retry_queue set attempts = $5, due_at = $6 where ${isEvent}`, [
    webhookId,
    streamId,
    streamType,
    sequence,
    attempts,
    new Date(dueAtMs),
  ])
}

/** The subscriptions that have passed events which wait in their queues, as readers of the log. */
export async function readOwing(client: Pool | PoolClient): Promise<Owing[]> {
  const { rows } = await client.query<{ id: string; since: number }>(
    `select webhook_id as id, extract(epoch from min(recorded_at))::float8 * 1000 as since
       from webhook_retry_queue
      group by webhook_id
      order by webhook_id`,
  )
  return rows.map(({ id, since }) => ({ name: readerOf(id), sinceMs: since }))
}
