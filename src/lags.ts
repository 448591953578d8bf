import { readHorizon } from './events/horizon.ts'
import { readLagSeconds } from './events/readers.ts'
import { relayReader } from './events/relay.ts'
import { settledWithin } from './platform/deadline.ts'
import type { Pool } from './platform/postgres.ts'
import type { Lags } from './system/views.ts'
import { readWebhookStats } from './webhooks/stats.ts'

const lagsDeadlineMs = 2_000

/** How far everything is behind; what cannot be told while the database is away is null. */
export async function readAllLags(pool: Pool, messagesBehind: (() => number) | undefined): Promise<Lags> {
  // A database may hang, too.
  const ask = <Result>(asked: Promise<Result>) => settledWithin(asked, lagsDeadlineMs).catch(() => undefined)
  const [relayLag, stats, horizon] = await Promise.all([
    messagesBehind === undefined ? null : ask(readLagSeconds(pool, relayReader)),
    ask(readWebhookStats(pool)),
    ask(readHorizon(pool)),
  ])
  return {
    relay_seconds: relayLag ?? null,
    consumer_messages: messagesBehind?.() ?? null,
    webhooks_seconds: stats?.lagSeconds ?? null,
    log_seconds: horizon?.heldSeconds ?? null,
    log_held_by: horizon?.holder ?? null,
  }
}
