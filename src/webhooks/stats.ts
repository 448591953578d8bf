import type { Pool } from '../platform/postgres.ts'

/** How all subscriptions stand together. */
export type WebhookStats = { active: number; failing: number; disabled: number; parked: number; lagSeconds: number }

/** The oldest committed event that somebody enabled has not got is behind the last of their checkpoints, or parked. */
const stats = `
  with enabled as (select * from webhooks where disabled_at is null),
       last_place as (select r.xid, r.position
                        from enabled w
                        join log_readers r on r.name = 'webhook:' || w.id
                       order by r.xid, r.position
                       limit 1),
       waiting as (select count(*)::int as parked, min(recorded_at) as oldest
                     from webhook_retry_queue
                    where webhook_id in (select id from enabled)),
       unread as (select first_event_after(p.xid, p.position) as oldest from last_place p)
  select (select count(*)::int from enabled where failing_since is null) as active,
         (select count(*)::int from enabled where failing_since is not null) as failing,
         (select count(*)::int from webhooks where disabled_at is not null) as disabled,
         waiting.parked,
         greatest(extract(epoch from now() - least(waiting.oldest, (select oldest from unread))), 0)::float8
           as "lagSeconds"
    from waiting`

export async function readWebhookStats(pool: Pool): Promise<WebhookStats> {
  const { rows } = await pool.query<WebhookStats>(stats)
  const [row] = rows
  if (row === undefined) throw new Error('a count without a row')
  return row
}
