import { orderStreamType } from '../events/stream-definition.ts'
import type { Pool } from '../platform/postgres.ts'
import type { DeliveryOutcome } from './views.ts'

export type { DeliveryOutcome }

/** The SQL of the delivery log, one function a statement. */

/** An attempt to deliver an event, and what was answered. */
export type Delivery = {
  webhookId: string
  streamType: string
  streamId: string
  /** The order that the event concerns. */
  orderUid: string | null
  sequence: number
  eventId: string
  eventType: string
  /** From 1; 0 for one that was requested by hand. */
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

const columns = `webhook_id, stream_type, stream_id, concerns_order, sequence, event_id, event_type, attempt, outcome, status, error, answer, duration_ms,
                 attempted_at`

/** @returns the ids of the entries that were stored; those of subscriptions that are gone are not */
export async function insertDeliveries(pool: Pool, deliveries: readonly Delivery[]): Promise<string[]> {
  const column = <Value>(pick: (delivery: Delivery) => Value) => deliveries.map(pick)
  const { rows } = await pool.query<{ id: string }>(
    `insert into webhook_deliveries (${columns})
     select d.*
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::int[], $9::text[],
                   $10::int[], $11::text[], $12::text[], $13::int[], $14::timestamptz[]) d (${columns})
       join webhooks w on w.id = d.webhook_id
     returning id`,
    [
      column(delivery => delivery.webhookId),
      column(delivery => delivery.streamType),
      column(delivery => delivery.streamId),
      // An order's own stream names it.
      column(({ streamType, orderUid }) => (streamType === orderStreamType ? null : orderUid)),
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
  stream_type: string
  stream_id: string
  concerns_order: string | null
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
  streamType?: string | undefined
  streamId?: string | undefined
  /** Of events that concern this order. */
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
        and ($2::text is null or concerns_order = $2 or (stream_type = '${orderStreamType}' and stream_id = $2))
        and ($6::text is null or stream_type = $6)
        and ($7::text is null or stream_id = $7)
        and ($3::text is null or outcome = $3)
        and ($4::bigint is null or id < $4)
      order by id desc
      limit $5`,
    [
      webhookId,
      filter.orderUid ?? null,
      filter.outcome ?? null,
      filter.before ?? null,
      limit,
      filter.streamType ?? null,
      filter.streamId ?? null,
    ],
  )
  return rows.map(toListing)
}

export async function findDelivery(pool: Pool, webhookId: string, id: string): Promise<DeliveryListing | undefined> {
  const { rows } = await pool.query<DeliveryRow>('select * from webhook_deliveries where webhook_id = $1 and id = $2', [
    webhookId,
    id,
  ])
  return rows.map(toListing)[0]
}

function toListing(row: DeliveryRow): DeliveryListing {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    streamType: row.stream_type,
    streamId: row.stream_id,
    orderUid: row.stream_type === orderStreamType ? row.stream_id : row.concerns_order,
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
