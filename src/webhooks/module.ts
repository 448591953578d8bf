import { eventsApi } from '../events/module.ts'
import { Notifier } from '../events/notifier.ts'
import { eventsRecipient } from '../events/variables.ts'
import type { Context, Module, Running } from '../module.ts'
import { declareApi } from '../module-api.ts'
import { version } from '../version.ts'
import { webhookChannel } from './channels.ts'
import { runDeliveries } from './deliver.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { eraseAnswers } from './erasing.ts'
import { createWebhookMetrics, type WebhookMetrics } from './metrics.ts'
import { webhooksChannel } from './queries.ts'
import { readOwing } from './retry-queries.ts'
import { webhookRoutes } from './routes.ts'
import { createSender, type Sender, timeouts } from './sender.ts'
import { traceDeliveries } from './sender-tracing.ts'
import { readWebhookStats } from './stats.ts'
import { resolveHost } from './targets.ts'
import { webhooksAllowPrivate } from './variables.ts'
import { deliveryRules } from './webhook.ts'
import { webhookChecks } from './webhook-checks.ts'

export const webhooksApi = declareApi<{ sender: Sender; metrics: WebhookMetrics }>('webhooks')

/** Subscriptions of others to events, and the deliveries to them. */
export const webhooksModule: Module = {
  name: 'webhooks',
  title: 'Webhooks',
  buildsOn: ['events'],
  tables: [
    { name: 'webhooks', order: 'id' },
    { name: 'webhook_retry_queue', order: 'webhook_id, stream_id, stream_type, sequence' },
    { name: 'webhook_deliveries', order: 'id' },
  ],
  variables: [webhooksAllowPrivate],
  owing: readOwing,
  erase: {
    columns: { webhooks: [], webhook_retry_queue: [], webhook_deliveries: ['answer'] },
    steps: [eraseAnswers],
  },
  exports: {
    webhooks: { leftOut: 'of receivers, not of customers' },
    webhook_retry_queue: { leftOut: 'events that wait to be sent' },
    webhook_deliveries: {
      leftOut: 'when events were sent to receivers, and what those answered; the log is kept for a week',
    },
  },
  checks: webhookChecks,
  tags: { webhooks: 'Subscriptions to events, and what became of their deliveries' },
  channels: ({ events }) => [webhookChannel(events)],
  start,
}

function start(context: Context): Running {
  const { pool, address, value, now, isClockRight, log, tracer, registry, catalogue } = context
  const eventLog = { ...context.eventLog, omitsRecipients: value(eventsRecipient) === 'omit' }
  const { feed } = eventsApi.of(context)
  const allowPrivate = value(webhooksAllowPrivate)
  const plain = createSender({ allowPrivate, resolve: resolveHost, timeouts, version })
  const sender = tracer === undefined ? plain : traceDeliveries(tracer, plain)
  const metrics = createWebhookMetrics(registry, pool)
  webhooksApi.offer(context, { sender, metrics })
  const changed = new Notifier()
  const deliveries = {
    ...{ events: eventLog, address, feed, sender, metrics, now, isClockRight, changed, log },
    rules: deliveryRules,
    random: Math.random,
  }
  const eventTypes = catalogue.events.map(({ type }) => type)
  return {
    routes: [
      ...webhookRoutes({ pool, eventTypes, allowPrivate, resolve: resolveHost, now }),
      ...deliveryRoutes({ log: eventLog, sender, metrics, now }),
    ],
    notifications: [{ channel: webhooksChannel, onNotify: () => changed.notify() }],
    onInStep: () => changed.notify(),
    workers: [{ name: 'webhook deliveries', run: stop => runDeliveries(deliveries, stop) }],
    lags: [async () => ({ webhooks_seconds: (await readWebhookStats(pool)).lagSeconds })],
    close: () => sender.close(),
  }
}
