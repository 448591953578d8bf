import { readLargestLag } from '../events/readers.ts'
import type { Pool } from '../platform/postgres.ts'
import { readerOf } from './webhook.ts'

/** The state of all subscriptions together. */
export type WebhookStats = {
  active: number
  failing: number
  disabled: number
  parked: number
  /** Age of the oldest committed event that an enabled subscription has not got: behind its checkpoint, or in its retry queue. */
  lagSeconds: number
}

const stats = `
  with enabled as (select * from webhooks where disabled_at is null),
       waiting as (select count(*)::int as parked, min(recorded_at) as oldest
                     from webhook_retry_queue
                    where webhook_id in (select id from enabled))
  select array(select id::text from enabled) as ids,
         (select count(*)::int from enabled where failing_since is null) as active,
         (select count(*)::int from enabled where failing_since is not null) as failing,
         (select count(*)::int from webhooks where disabled_at is not null) as disabled,
         waiting.parked,
         coalesce(extract(epoch from now() - waiting.oldest), 0)::float8 as "waitingSeconds"
    from waiting`

type StatsRow = Omit<WebhookStats, 'lagSeconds'> & { ids: string[]; waitingSeconds: number }

export async function readWebhookStats(pool: Pool): Promise<WebhookStats> {
  const { rows } = await pool.query<StatsRow>(stats)
  const [row] = rows
  if (row === undefined) throw new Error('a count without a row')
  const { ids, waitingSeconds, ...counts } = row
  return { ...counts, lagSeconds: Math.max(waitingSeconds, await readLargestLag(pool, ids.map(readerOf))) }
}
