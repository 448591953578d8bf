import type { Pool } from '../platform/postgres.ts'
import type { QueuedRetry } from './retry-queue.ts'
import type { DeliveryOutcome } from './views.ts'

export type { DeliveryOutcome }

/** The SQL of parked events and of the delivery log, one function a statement. */

type RetryRow = { order_uid: string; sequence: number; attempts: number; due_at: Date; recorded_at: Date }

/** Everything that is parked for a subscription. */
export async function readRetries(pool: Pool, webhookId: string): Promise<QueuedRetry[]> {
  const { rows } = await pool.query<RetryRow>(
    `select order_uid, sequence, attempts, due_at, recorded_at
       from webhook_parked
      where webhook_id = $1
      order by order_uid, sequence`,
    [webhookId],
  )
  return rows.map(row => ({
    orderUid: row.order_uid,
    sequence: row.sequence,
    attempts: row.attempts,
    dueAtMs: row.due_at.getTime(),
    recordedAt: row.recorded_at.toISOString(),
  }))
}

/** Parks events; what is parked already stays as it is, and for a subscription that is gone there is nothing to do. */
export async function insertRetries(pool: Pool, webhookId: string, events: readonly QueuedRetry[]): Promise<void> {
  await pool.query(
    `insert into webhook_parked (webhook_id, order_uid, sequence, attempts, due_at, recorded_at)
     select w.id, p.*
       from webhooks w
      cross join unnest($2::text[], $3::int[], $4::int[], $5::timestamptz[], $6::timestamptz[]) p
      where w.id = $1
         on conflict do nothing`,
    [
      webhookId,
      events.map(event => event.orderUid),
      events.map(event => event.sequence),
      events.map(event => event.attempts),
      events.map(event => new Date(event.dueAtMs)),
      events.map(event => event.recordedAt),
    ],
  )
}

export async function deleteRetry(pool: Pool, webhookId: string, event: QueuedRetry): Promise<void> {
  await pool.query('delete from webhook_parked where webhook_id = $1 and order_uid = $2 and sequence = $3', [
    webhookId,
    event.orderUid,
    event.sequence,
  ])
}

export async function updateRetry(
  pool: Pool,
  webhookId: string,
  event: QueuedRetry,
  attempts: number,
  dueAtMs: number,
): Promise<void> {
  await pool.query(
    `update webhook_parked set attempts = $4, due_at = $5
      where webhook_id = $1 and order_uid = $2 and sequence = $3`,
    [webhookId, event.orderUid, event.sequence, attempts, new Date(dueAtMs)],
  )
}

/** An attempt to deliver an event, and what was answered. */
export type Delivery = {
  webhookId: string
  orderUid: string
  sequence: number
  eventId: string
  eventType: string
  /** From 1; 0 for one that was asked for by hand. */
  attempt: number
  outcome: DeliveryOutcome
  status: number | null
  error: string | null
  answer: string
  durationMs: number
  attemptedAtMs: number
}

/** An entry of the delivery log. */
export type DeliveryListing = Delivery & { id: string }

const columns = `webhook_id, order_uid, sequence, event_id, event_type, attempt, outcome, status, error, answer, duration_ms,
                 attempted_at`

/** @returns the ids of the entries that were stored; those of subscriptions that are gone are not */
export async function insertDeliveries(pool: Pool, deliveries: readonly Delivery[]): Promise<string[]> {
  const column = <Value>(pick: (delivery: Delivery) => Value) => deliveries.map(pick)
  const { rows } = await pool.query<{ id: string }>(
    `insert into webhook_deliveries (${columns})
     select d.*
       from unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::text[], $6::int[], $7::text[], $8::int[], $9::text[],
                   $10::text[], $11::int[], $12::timestamptz[]) d (${columns})
       join webhooks w on w.id = d.webhook_id
     returning id`,
    [
      column(delivery => delivery.webhookId),
      column(delivery => delivery.orderUid),
      column(delivery => delivery.sequence),
      column(delivery => delivery.eventId),
      column(delivery => delivery.eventType),
      column(delivery => delivery.attempt),
      column(delivery => delivery.outcome),
      column(delivery => delivery.status),
      column(delivery => delivery.error),
      column(delivery => delivery.answer),
      column(delivery => delivery.durationMs),
      column(delivery => new Date(delivery.attemptedAtMs)),
    ],
  )
  return rows.map(({ id }) => id)
}

type DeliveryRow = {
  id: string
  webhook_id: string
  order_uid: string
  sequence: number
  event_id: string
  event_type: string
  attempt: number
  outcome: DeliveryOutcome
  status: number | null
  error: string | null
  answer: string
  duration_ms: number
  attempted_at: Date
}

export type DeliveryFilter = {
  orderUid?: string | undefined
  outcome?: string | undefined
  /** Below this id. */
  before?: string | undefined
}

/** A page of a subscription's delivery log, newest first. */
export async function listDeliveries(
  pool: Pool,
  webhookId: string,
  filter: DeliveryFilter,
  limit: number,
): Promise<DeliveryListing[]> {
  const { rows } = await pool.query<DeliveryRow>(
    `select *
       from webhook_deliveries
      where webhook_id = $1
        and ($2::text is null or order_uid = $2)
        and ($3::text is null or outcome = $3)
        and ($4::bigint is null or id < $4)
      order by id desc
      limit $5`,
    [webhookId, filter.orderUid ?? null, filter.outcome ?? null, filter.before ?? null, limit],
  )
  return rows.map(toDelivery)
}

export async function findDelivery(pool: Pool, webhookId: string, id: string): Promise<DeliveryListing | undefined> {
  const { rows } = await pool.query<DeliveryRow>('select * from webhook_deliveries where webhook_id = $1 and id = $2', [
    webhookId,
    id,
  ])
  return rows.map(toDelivery)[0]
}

function toDelivery(row: DeliveryRow): DeliveryListing {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    orderUid: row.order_uid,
    sequence: row.sequence,
    eventId: row.event_id,
    eventType: row.event_type,
    attempt: row.attempt,
    outcome: row.outcome,
    status: row.status,
    error: row.error,
    answer: row.answer,
    durationMs: row.duration_ms,
    attemptedAtMs: row.attempted_at.getTime(),
  }
}

/** Removes a batch of entries that are too old, or of which a subscription has newer ones enough. @returns how many */
export async function sweepDeliveries(
  pool: Pool,
  options: { beforeMs: number; entriesMax: number; batchMax: number },
): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from webhook_deliveries
      where id in (select id from webhook_deliveries where attempted_at < $1 limit $3)
         or id in (select d.id
                     from webhooks w
                    cross join lateral (select id
                                          from webhook_deliveries
                                         where webhook_id = w.id
                                         order by id desc
                                        offset $2 limit $3) d
                    limit $3)`,
    [new Date(options.beforeMs), options.entriesMax, options.batchMax],
  )
  return rowCount ?? 0
}
