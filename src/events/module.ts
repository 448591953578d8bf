import type { Context, Module, Running, Worker } from '../module.ts'
import { declareApi } from '../module-api.ts'
import type { Lease } from '../platform/leadership.ts'
import { logChannel } from './append.ts'
import { eventChannels, eventDataSchemas, publishedEvents } from './channels.ts'
import { eventRoutes } from './event-routes.ts'
import { EventFeed } from './feed.ts'
import { readHorizon } from './horizon.ts'
import { logChecks } from './log-checks.ts'
import { LogHome } from './log-home.ts'
import { createEventMetrics, type EventMetrics } from './metrics.ts'
import { maintainPartitions, runPartitionMaintenance } from './partition-maintenance.ts'
import { readLagSeconds } from './readers.ts'
import { relayReader, runRelay } from './relay.ts'
import { eventsRecipient, eventsTopic, retentionDays } from './variables.ts'

export const eventsApi = declareApi<{ feed: EventFeed; metrics: EventMetrics }>('events')

/** The log of everything that has happened, and the ways out of it. */
export const eventsModule: Module = {
  name: 'events',
  title: 'Events',
  tables: [
    { name: 'events', order: 'xid, position' },
    { name: 'event_log_start', order: 'only_row' },
    { name: 'log_readers', order: 'name' },
    {
      name: 'event_seals',
      leftOut: 'says which partitions of the log take no more events, and an import has partitions of its own',
    },
  ],
  // The recipient of an order is not in its events: its document is.
  erase: { columns: { events: [], event_log_start: [], log_readers: [], event_seals: [] } },
  exports: {
    events: { leftOut: 'the log says again what the rows say; GET /api/events?customer_id= reads it' },
    event_log_start: { leftOut: 'of the whole log' },
    log_readers: { leftOut: 'of the whole log' },
    event_seals: { leftOut: 'of the whole log' },
  },
  variables: [retentionDays, eventsRecipient],
  topics: [
    {
      name: 'events out',
      variable: eventsTopic,
      channel: (address, { events }) => publishedEvents(events, address),
    },
  ],
  checks: logChecks,
  tags: { events: 'What has happened, in pages or live' },
  messageSchemas: ({ events }) => eventDataSchemas(events),
  channels: ({ events }) => eventChannels(events),
  start,
}

function start(context: Context): Running {
  const { pool, pools, systemPool, address, value, log, now, isClockRight, registry, logGrown, throttle } = context
  const feed = new EventFeed(context.eventLog, logGrown, throttle, log)
  const metrics = createEventMetrics(registry, pool, context.messaging !== undefined)
  eventsApi.offer(context, { feed, metrics })
  const onContinued = () => {
    for (const { onRestored } of context.running()) onRestored?.()
  }
  const home = new LogHome({ pool: systemPool, address, newest: context.eventLog.newest, onContinued, log })
  const onLooked = metrics.maintenance
  const owing = context.modules.flatMap(({ owing }) => owing ?? [])
  const maintenance = { pool, retentionDays: value(retentionDays), owing, now, isClockRight, onLooked, log }
  return {
    routes: eventRoutes({
      log: { ...context.eventLog, pool: pools.lists },
      feed,
      definitions: context.catalogue.events,
    }),
    notifications: [{ channel: logChannel, onNotify: () => logGrown.notify() }],
    onInStep() {
      void home.look().catch(() => undefined)
      logGrown.notify()
    },
    onRestored: () => feed.forget(),
    endStreams: () => feed.end(),
    async prepare() {
      await home.look().catch(error => log.warn({ err: error }, 'the home of the event log is not known yet'))
      // After a long time without any instance the log has no partition for today, and gets it before the first event.
      await maintainPartitions(maintenance).catch(error =>
        log.warn({ err: error }, 'the event log could not be prepared; continuing with it as it is'),
      )
    },
    workers: [
      { name: 'log home', run: stop => home.run(stop) },
      { name: 'partition maintenance', run: stop => runPartitionMaintenance(maintenance, stop) },
      ...relayWorkers(context, metrics),
    ],
    lags: [
      async () => (context.messaging === undefined ? {} : { relay_seconds: await readLagSeconds(pool, relayReader) }),
      async () => {
        const { heldSeconds, holder } = await readHorizon(pool)
        return { log_seconds: heldSeconds, log_held_by: holder }
      },
    ],
  }
}

function relayWorkers(context: Context, metrics: EventMetrics): Worker[] {
  const { address, value, log, tracer, messaging, logGrown, throttle } = context
  const events = { ...context.eventLog, omitsRecipients: value(eventsRecipient) === 'omit' }
  if (messaging === undefined) return []
  const publisher = messaging.publisher('relay')
  const relay = {
    ...{ events, address, logGrown, throttle, tracer, log },
    publisher,
    eventsTopic: value(eventsTopic),
    async publishOther(lease: Lease) {
      let published = 0
      for (const { publish } of context.running()) published += (await publish?.(publisher, lease)) ?? 0
      return published
    },
    onPublished: metrics.published,
  }
  return [{ name: 'relay', run: stop => runRelay(relay, stop) }]
}
