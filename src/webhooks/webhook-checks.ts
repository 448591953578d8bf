import type { Check } from '../platform/integrity.ts'

/** What must hold of subscriptions and of what is on its way to them. */
export const webhookChecks: readonly Check[] = [
  {
    name: 'webhook-checkpoints',
    sentence: 'every subscription that is on has a checkpoint in the log, and every checkpoint a subscription',
    sql: `select coalesce(r.name, 'webhook:' || w.id)
            from webhooks w
            full join (select name from log_readers where name like 'webhook:%') r on r.name = 'webhook:' || w.id
           where w.id is null or (r.name is null and w.disabled_at is null)`,
  },
  {
    name: 'webhook-retries',
    sentence: 'what waits for a repetition is an event of the log',
    sql: `select 'event ' || p.sequence || ' of ' || p.order_uid || ' for webhook ' || p.webhook_id
            from webhook_parked p
            left join events e using (order_uid, sequence)
           where not exists (select from webhooks w where w.id = p.webhook_id)
              or e.order_uid is null
              or date_trunc('milliseconds', e.recorded_at) <> date_trunc('milliseconds', p.recorded_at)`,
  },
  {
    name: 'webhook-deliveries',
    // Where the old part of the log was dropped, an order tells that it had such an event.
    sentence: 'what was delivered is an event of the log',
    sql: `select 'delivery ' || d.id
            from webhook_deliveries d
            left join events e using (order_uid, sequence)
            left join orders o on o.order_uid = d.order_uid
           where not exists (select from webhooks w where w.id = d.webhook_id)
              or o.order_uid is null
              or d.sequence > o.version
              or d.sequence < 1
              or (e.order_uid is null and not exists (select from event_log_start))
              or e.position::text <> d.event_id
              or e.type <> d.event_type`,
  },
]
