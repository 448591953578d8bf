import type { Context } from '../module.ts'
import { settledWithin } from '../platform/deadline.ts'
import type { Lags } from './views.ts'

const deadlineMs = 2_000

/** How far everything is behind; what cannot be told while the database is away is null. */
export async function readLags({ running, messaging }: Pick<Context, 'running' | 'messaging'>): Promise<Lags> {
  // A database may hang, too.
  const asked = running().flatMap(({ lags = [] }) => lags)
  const told = await Promise.all(asked.map(ask => settledWithin(ask(), deadlineMs).catch(() => undefined)))
  const unknown: Lags = {
    relay_seconds: null,
    consumer_messages: messaging?.messagesBehind() ?? null,
    webhooks_seconds: null,
    log_seconds: null,
    log_held_by: null,
  }
  return Object.assign(unknown, ...told)
}
