import { allEvents, droppedPart, logReaders } from '../events/event-sql.ts'
import type { Check } from '../platform/integrity.ts'

/** What must hold of subscriptions and of what is on its way to them. */
export const webhookChecks: readonly Check[] = [
  {
    name: 'webhook-checkpoints',
    sentence: 'every subscription that is on has a checkpoint in the log, and every checkpoint a subscription',
    sql: `select coalesce(r.name, 'webhook:' || w.id)
            from webhooks w
            full join (select name from ${logReaders} readers where name like 'webhook:%') r on r.name = 'webhook:' || w.id
           where w.id is null or (r.name is null and w.disabled_at is null)`,
  },
  {
    name: 'webhook-retries',
    sentence: 'what waits for a repetition is an event of the log',
    sql: `select 'event ' || q.sequence || ' of ' || q.stream_type || ' ' || q.stream_id || ' for webhook ' || q.webhook_id
            from webhook_retry_queue q
            left join ${allEvents} e using (stream_id, stream_type, sequence)
           where not exists (select from webhooks w where w.id = q.webhook_id)
              or e.stream_id is null
              or date_trunc('milliseconds', e.recorded_at) <> date_trunc('milliseconds', q.recorded_at)`,
  },
  {
    name: 'webhook-deliveries',
    // An event that was dropped with the old part of the log is known by nothing else.
    sentence: 'what was delivered is an event of the log',
    sql: `select 'delivery ' || d.id
            from webhook_deliveries d
            left join ${allEvents} e on e.position = d.event_id::bigint
           where not exists (select from webhooks w where w.id = d.webhook_id)
              or (e.position is null and not exists (${droppedPart}))
              or (e.position is not null
                  and (e.stream_type, e.stream_id, e.concerns_order, e.sequence, e.type)
                      is distinct from (d.stream_type, d.stream_id, d.concerns_order, d.sequence, d.event_type))`,
  },
]
