import { advisoryLocks } from '../advisory-locks.ts'
import type { Checkpoint } from '../events/checkpoint.ts'
import { deleteReaders, insertReader, readLags } from '../events/readers.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { type DisabledReason, readerOf, type Webhook } from './webhook.ts'

/** The SQL of subscriptions, one function a statement. */

/** The channel on which instances notify each other of changed subscriptions; the message is empty. */
export const webhooksChannel = 'webhooks'
const notifyOfWebhooks = `notify ${webhooksChannel}`

/** A subscription with the state of its deliveries. */
export type WebhookListing = Webhook & {
  parked: number
  /** Age of the oldest committed event that its checkpoint in the log has not passed; null when its checkpoint is no longer kept. */
  behindSeconds: number | null
}

type WebhookRow = {
  id: string
  url: string
  description: string
  event_types: string[]
  secret: string
  previous_secret: string | null
  previous_secret_until: Date | null
  failing_since: Date | null
  disabled_at: Date | null
  disabled_reason: DisabledReason | null
  created_at: Date
  updated_at: Date
}

function toWebhook(row: WebhookRow): Webhook {
  const { previous_secret: previous, previous_secret_until: until, disabled_at: at, disabled_reason: reason } = row
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types,
    secret: row.secret,
    previousSecret: previous === null || until === null ? null : { secret: previous, untilMs: until.getTime() },
    failingSinceMs: row.failing_since?.getTime() ?? null,
    disabled: at === null || reason === null ? null : { reason, atMs: at.getTime() },
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  }
}

const listed = `
  select w.*, (select count(*)::int from webhook_retry_queue where webhook_id = w.id) as parked
    from webhooks w`

type ListedRow = WebhookRow & { parked: number }

async function toListings(client: Pool | PoolClient, rows: readonly ListedRow[]): Promise<WebhookListing[]> {
  const lags = await readLags(
    client,
    rows.map(({ id }) => readerOf(id)),
  )
  return rows.map(row => ({ ...toWebhook(row), parked: row.parked, behindSeconds: lags.get(readerOf(row.id)) ?? null }))
}

/** A page of subscriptions, newest first, below an id. */
export async function listWebhooks(pool: Pool, before: string | undefined, limit: number): Promise<WebhookListing[]> {
  const { rows } = await pool.query<ListedRow>(
    `${listed} where $1::bigint is null or w.id < $1 order by w.id desc limit $2`,
    [before ?? null, limit],
  )
  return toListings(pool, rows)
}

export async function findWebhook(client: Pool | PoolClient, id: string): Promise<WebhookListing | undefined> {
  const { rows } = await client.query<ListedRow>(`${listed} where w.id = $1`, [id])
  return (await toListings(client, rows))[0]
}

/** Those that are delivered to. */
export async function readEnabled(pool: Pool): Promise<Webhook[]> {
  const { rows } = await pool.query<WebhookRow>('select * from webhooks where disabled_at is null order by id')
  return rows.map(toWebhook)
}

export type NewWebhook = { url: string; description: string; eventTypes: readonly string[]; secret: string }

/** What else is done in the transaction of a change, with the subscription as it is after it. */
export type WithChange = (client: PoolClient, webhook: WebhookListing) => Promise<void>

/**
 * Stores a subscription to what happens behind a checkpoint of the log.
 *
 * @returns undefined when there are too many already
 */
export async function insertWebhook(
  pool: Pool,
  webhook: NewWebhook,
  checkpoint: Checkpoint,
  webhooksMax: number,
  nowMs: number,
  withChange: WithChange,
): Promise<WebhookListing | undefined> {
  return inTransaction(pool, async client => {
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.webhookCount])
    const { rows } = await client.query<{ id: string }>(
      `insert into webhooks (url, description, event_types, secret, created_at, updated_at)
       select $1, $2, $3, $4, $5, $5
        where (select count(*) from webhooks) < $6
       returning id`,
      [webhook.url, webhook.description, webhook.eventTypes, webhook.secret, new Date(nowMs), webhooksMax],
    )
    const id = rows[0]?.id
    if (id === undefined) return undefined
    await insertCheckpoint(client, id, checkpoint)
    return changedWebhook(client, id, withChange)
  })
}

async function changedWebhook(client: PoolClient, id: string, withChange: WithChange) {
  const webhook = await findWebhook(client, id)
  if (webhook !== undefined) await withChange(client, webhook)
  return webhook
}

/** A checkpoint of its own for a subscription that has none. */
async function insertCheckpoint(client: PoolClient, id: string, checkpoint: Checkpoint): Promise<void> {
  await insertReader(client, readerOf(id), checkpoint)
  await client.query(notifyOfWebhooks)
}

export type WebhookChange = { url?: string; description?: string; event_types?: readonly string[] }

/** @returns whether there is such a subscription */
export async function updateWebhook(pool: Pool, id: string, change: WebhookChange, nowMs: number): Promise<boolean> {
  return changeOne(
    pool,
    `update webhooks
        set url = coalesce($2, url), description = coalesce($3, description), event_types = coalesce($4, event_types),
            updated_at = $5
      where id = $1`,
    [id, change.url ?? null, change.description ?? null, change.event_types ?? null, new Date(nowMs)],
  )
}

/**
 * Gives a subscription another secret; the one before stays valid until a time, or ends now.
 *
 * @returns undefined when there is no such subscription
 */
export async function rotateSecret(
  pool: Pool,
  id: string,
  secret: string,
  previousUntilMs: number,
  nowMs: number,
  withChange: WithChange,
): Promise<WebhookListing | undefined> {
  return inTransaction(pool, async client => {
    await client.query(
      `update webhooks
          set previous_secret = case when $3::timestamptz > $4 then secret end,
              previous_secret_until = case when $3::timestamptz > $4 then $3 end, secret = $2, updated_at = $4
        where id = $1`,
      [id, secret, new Date(previousUntilMs), new Date(nowMs)],
    )
    await client.query(notifyOfWebhooks)
    return changedWebhook(client, id, withChange)
  })
}

/** @returns whether there was such a subscription */
export async function deleteWebhook(pool: Pool, id: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const { rowCount } = await client.query('delete from webhooks where id = $1', [id])
    await deleteReaders(client, [readerOf(id)])
    await client.query(notifyOfWebhooks)
    return rowCount === 1
  })
}

/** Disables a subscription; one that is disabled already keeps its reason. */
export async function disableWebhook(pool: Pool, id: string, reason: DisabledReason, nowMs: number): Promise<boolean> {
  return changeOne(
    pool,
    `update webhooks
        set disabled_at = coalesce(disabled_at, $3), disabled_reason = coalesce(disabled_reason, $2), updated_at = $3
      where id = $1`,
    [id, reason, new Date(nowMs)],
  )
}

/**
 * Enables a subscription; what waits for it is due now.
 *
 * @param checkpoint where it continues if its checkpoint is no longer kept
 */
export async function enableWebhook(pool: Pool, id: string, checkpoint: Checkpoint, nowMs: number): Promise<boolean> {
  return inTransaction(pool, async client => {
    const { rowCount } = await client.query(
      `update webhooks set disabled_at = null, disabled_reason = null, failing_since = null, updated_at = $2
        where id = $1`,
      [id, new Date(nowMs)],
    )
    if (rowCount !== 1) return false
    await client.query('update webhook_retry_queue set due_at = $2 where webhook_id = $1', [id, new Date(nowMs)])
    await insertCheckpoint(client, id, checkpoint)
    return true
  })
}

/** Remembers since when deliveries fail; null: they succeed. */
export async function saveFailingSince(pool: Pool, id: string, sinceMs: number | null): Promise<void> {
  const since = sinceMs === null ? null : new Date(sinceMs)
  await pool.query('update webhooks set failing_since = $2 where id = $1', [id, since])
}

/**
 * Removes the checkpoints and retry queues of subscriptions that have been disabled for long.
 *
 * @returns the ids of those that had a checkpoint
 */
export async function releaseCheckpoints(pool: Pool, disabledBeforeMs: number): Promise<string[]> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{ id: string }>('select id from webhooks where disabled_at < $1 for update', [
      new Date(disabledBeforeMs),
    ])
    const ids = rows.map(({ id }) => id)
    await client.query('delete from webhook_retry_queue where webhook_id = any($1::bigint[])', [ids])
    const released = await deleteReaders(client, ids.map(readerOf))
    return released.map(name => name.slice(readerOf('').length))
  })
}

/** Changes one subscription, and notifies the instances. */
async function changeOne(pool: Pool, statement: string, values: unknown[]): Promise<boolean> {
  const { rowCount } = await pool.query(statement, values)
  await pool.query(notifyOfWebhooks)
  return rowCount === 1
}
