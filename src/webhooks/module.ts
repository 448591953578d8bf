import type { Module } from '../module.ts'
import { webhookChannel } from './channels.ts'
import { webhooksAllowPrivate } from './variables.ts'
import { webhookChecks } from './webhook-checks.ts'

/** Subscriptions of others to events, and the deliveries to them. */
export const webhooksModule: Module = {
  name: 'webhooks',
  title: 'Webhooks',
  tables: [
    { name: 'webhooks', order: 'id' },
    { name: 'webhook_retry_queue', order: 'webhook_id, stream_id, stream_type, sequence' },
    { name: 'webhook_deliveries', order: 'id' },
  ],
  variables: [webhooksAllowPrivate],
  checks: webhookChecks,
  tags: { webhooks: 'Subscriptions to events, and what became of their deliveries' },
  channels: ({ events }) => [webhookChannel(events)],
}
