import { callerOf, createAccessCheck, digestOf, KeyRing } from './access/keys.ts'
import { readKeys } from './access/queries.ts'
import { keyRoutes } from './access/routes.ts'
import { configuredKeys } from './access/variables.ts'
import { type AuditMetrics, createAuditMetrics } from './audit.ts'
import { createDeadLetterCommands } from './dead-letters/commands.ts'
import type { MessageHandler } from './dead-letters/message-handler.ts'
import { recordDeadLetterCounts } from './dead-letters/metrics.ts'
import { deadLetterRoutes } from './dead-letters/routes.ts'
import { eventRoutes } from './events/event-routes.ts'
import { EventFeed } from './events/feed.ts'
import { createEventMetrics, type EventMetrics } from './events/metrics.ts'
import type { Notifier } from './events/notifier.ts'
import { ReaderThrottle } from './events/reader-throttle.ts'
import type { EventLog } from './events/stream-definition.ts'
import { readAllLags } from './lags.ts'
import type { Module } from './module.ts'
import { modules as allModules, catalogueOf, placementOf } from './modules.ts'
import { OrderCache } from './orders/cache.ts'
import { createCommandHandler } from './orders/command-handler.ts'
import { commandRoutes } from './orders/command-routes.ts'
import { type CarryOut, createCarryOut } from './orders/commands.ts'
import type { OrderDocument } from './orders/document.ts'
import { historyRoutes } from './orders/history-routes.ts'
import { createIntake, type Intake } from './orders/intake.ts'
import { createOrderMetrics, type OrderMetrics } from './orders/metrics.ts'
import { createOrderHandler } from './orders/order-handler.ts'
import { rememberOrders } from './orders/order-stream.ts'
import { overviewRoutes } from './orders/overview-routes.ts'
import { rejectionCodesOf } from './orders/placement-part.ts'
import { poolsOf } from './orders/pools.ts'
import { findOrder } from './orders/queries.ts'
import { orderRoutes } from './orders/routes.ts'
import { createIntakeStore } from './orders/store.ts'
import { cacheSizeBytesMax } from './orders/variables.ts'
import { buildAsyncApi } from './platform/asyncapi.ts'
import { basePathRoutes } from './platform/base-path.ts'
import { type DatabaseClock, recordClock } from './platform/database-clock.ts'
import type { HttpRequest, Route } from './platform/http.ts'
import { buildHttp } from './platform/http-router.ts'
import { createIdempotency } from './platform/idempotency/idempotency.ts'
import type { Logger } from './platform/log.ts'
import { recordMemoryBudget } from './platform/memory-budget.ts'
import { createRegistry, type Registry, recordPool, recordSpans } from './platform/metrics.ts'
import { buildOpenApi } from './platform/openapi.ts'
import type { Tracing } from './platform/otlp-tracing.ts'
import type { Pool } from './platform/postgres.ts'
import type { Setting, Values } from './platform/variables.ts'
import { documentationRoutes } from './system/documentation.ts'
import { createHealth, healthRoutes, type Probe } from './system/health.ts'
import { metricsRoute, recordSystem } from './system/metrics.ts'
import { pageRoutes } from './system/static-files.ts'
import { systemRoutes } from './system/system-routes.ts'
import { grafanaUrl, staticDir } from './system/variables.ts'
import type { WriteWatch } from './system/write-watch.ts'
import { version } from './version.ts'
import { deliveryRoutes } from './webhooks/delivery-routes.ts'
import { createWebhookMetrics, type WebhookMetrics } from './webhooks/metrics.ts'
import { webhookRoutes } from './webhooks/routes.ts'
import { createSender, type Sender, timeouts } from './webhooks/sender.ts'
import { traceDeliveries } from './webhooks/sender-tracing.ts'
import { resolveHost } from './webhooks/targets.ts'
import { webhooksAllowPrivate } from './webhooks/variables.ts'

export type AppOptions = {
  pool: Pool
  /** Connections for what has to go on while all others are in use; the pool's unless given. */
  systemPool?: Pool
  /** Hears what becomes of the writes of orders. */
  writes?: WriteWatch
  log: Logger
  /** Milliseconds since 1970 by the clock of the database, which is the same for all instances. */
  now: () => number
  /** How far the own clock is from that; undefined: it is not compared. */
  clock?: DatabaseClock | undefined
  /** The values of the modules' variables. */
  value: Values['value']
  /** The path that a proxy in front leaves on, such as `/shop`; '' for none. */
  basePath: string
  /** Where the own database is or would be: the disk that is watched. */
  dataDir: string
  probes: Readonly<Record<string, Probe>>
  isStopping: () => boolean
  /** Whether this instance hears within a second of what others change; without it nothing is read from memory. */
  isInStep: (nowMs?: number) => boolean
  /** Whether only this machine can reach the service. */
  isLocal: boolean
  /** What the page shows of the configuration. */
  settings: readonly Setting[]
  /** Undefined without Kafka. */
  sendToTopic: ((order: OrderDocument, traceparent: string | undefined) => Promise<void>) | undefined
  /** Rings when the log has grown, by this instance or another. */
  logGrown: Notifier
  /** Undefined: nothing is traced. */
  tracing?: Tracing | undefined
}

export type App = {
  fetch(request: HttpRequest): Response | Promise<Response>
  intake: Intake
  carryOut: CarryOut
  /** What handles the messages of topics, and dead letters that are replayed. */
  handlers: { orders: MessageHandler; commands: MessageHandler }
  cache: OrderCache
  keys: KeyRing
  feed: EventFeed
  eventLog: EventLog
  registry: Registry
  orderMetrics: OrderMetrics
  eventMetrics: EventMetrics
  auditMetrics: AuditMetrics
  webhooks: { sender: Sender; metrics: WebhookMetrics }
}

/** When so many orders are stored at a time they have queued up, and the readers of the log have to stand back. */
const overloadOrders = 1_000

/**
 * Everything but sockets, signals and Kafka sessions: what `serve` runs and tests call.
 *
 * @param modules what the service is made of
 */
export function buildApp(options: AppOptions, modules: readonly Module[] = allModules): App {
  const { pool, log, now, value } = options
  const catalogue = catalogueOf(modules)
  const configured = value(configuredKeys).map(({ key, scopes }) => ({ digest: digestOf(key), scopes }))
  const allowPrivate = value(webhooksAllowPrivate)
  const registry = createRegistry()
  const tracer = options.tracing?.tracer
  recordPool(registry, pool)
  recordMemoryBudget(registry)
  if (options.clock !== undefined) recordClock(registry, options.clock)
  if (options.tracing !== undefined) recordSpans(registry, options.tracing.counts)
  recordSystem(registry, { version, probes: options.probes, pool, dataDir: options.dataDir })
  const auditMetrics = createAuditMetrics(registry, modules, now())
  const { isInStep } = options
  const keys = new KeyRing({
    configured,
    read: () => readKeys(options.systemPool ?? pool),
    isInStep,
  })
  const caller = (request: HttpRequest) => callerOf(keys, request)
  const throttle = new ReaderThrottle(() => performance.now())
  const cache = new OrderCache({
    sizeBytesMax: value(cacheSizeBytesMax),
    load: uid => findOrder(pools.single, uid),
    isInStep,
  })
  const pools = poolsOf(pool)
  const eventLog = { pool, streams: rememberOrders(catalogue.streams, cache.placed) }
  const listed = { ...eventLog, pool: pools.lists }
  const carryOut = createCarryOut({ pool: pools.commands, now, onChanged: cache.forget })
  const feed = new EventFeed(eventLog, options.logGrown, throttle, log)
  const placement = placementOf(modules)
  const store = createIntakeStore(pool, placement)
  const intake = createIntake({
    store: options.writes === undefined ? store : { ...store, place: options.writes.noting(store.place) },
    log,
    now,
    tracer,
    onPlaced(orders) {
      cache.keep(orders)
      options.logGrown.notify()
    },
    onGroup(group) {
      orderMetrics.group(group)
      if (group.orders >= overloadOrders) throttle.overloaded()
    },
  })
  const orderMetrics = createOrderMetrics(registry, intake, cache)
  const eventMetrics = createEventMetrics(registry, pool, options.sendToTopic !== undefined)
  recordDeadLetterCounts(registry, pool)
  const onReplayed = (outcome: string) => orderMetrics.count('replay', outcome)
  const handlers = {
    orders: createOrderHandler({ intake, rejectsWith: rejectionCodesOf(placement), onReplayed }),
    commands: createCommandHandler(carryOut),
  }
  const deadLetters = createDeadLetterCommands({ pool, handlers: Object.values(handlers), now })
  const sender = createSender({ allowPrivate, resolve: resolveHost, timeouts, version })
  const webhooks = {
    sender: tracer === undefined ? sender : traceDeliveries(tracer, sender),
    metrics: createWebhookMetrics(registry, pool),
  }
  const readiness = createHealth({ ...options, needed: ['database'] })
  const routes: Route[] = [
    ...orderRoutes({
      intake,
      cache,
      pool: pools.lists,
      metrics: orderMetrics,
      now,
      log,
      sendToTopic: options.sendToTopic,
    }),
    ...commandRoutes(carryOut, cache.forget),
    ...overviewRoutes({
      pool: pools.lists,
      now,
      consumerLag: options.sendToTopic === undefined ? undefined : eventMetrics.messagesBehind,
    }),
    ...historyRoutes({ log: listed, feed, eventTypes: catalogue.events.map(({ type }) => type) }),
    ...eventRoutes({ log: listed, feed, definitions: catalogue.events }),
    ...deadLetterRoutes({ pool, commands: deadLetters, log }),
    ...webhookRoutes({
      pool,
      eventTypes: catalogue.events.map(({ type }) => type),
      allowPrivate,
      resolve: resolveHost,
      now,
    }),
    ...deliveryRoutes({ log: eventLog, ...webhooks, now }),
    ...keyRoutes({
      pool,
      scopes: catalogue.scopes,
      mayBeLast: options.isLocal || configured.length > 0,
      callerOf: caller,
      // The key is made already: whoever made it must get it. What cannot be read now is read for the next request.
      reload: () => {
        keys.noteChange()
        return keys.load().catch(error => log.warn({ err: error }, 'the API keys could not be read'))
      },
    }),
    ...healthRoutes(readiness),
    ...systemRoutes({
      version,
      startedAtMs: now(),
      readiness,
      lags: () => readAllLags(pool, options.sendToTopic === undefined ? undefined : eventMetrics.messagesBehind),
      settings: options.settings,
      needsKey: () => !options.isLocal || !keys.isEmpty,
      grafanaUrl: value(grafanaUrl),
    }),
    metricsRoute(registry),
    ...documentationRoutes({ openApi: () => openApi, asyncApi: () => asyncApi }),
    ...pageRoutes(value(staticDir)),
    ...basePathRoutes(options.basePath),
  ]
  const openApi = buildOpenApi({
    title: 'Orders',
    version,
    description:
      'Orders in, durable, readable and published. Errors are RFC 9457 problem documents. A query parameter that is not ' +
      'known, given twice or empty is 400. Events and messages are described as AsyncAPI 3 at /api/asyncapi.json.',
    tags: Object.assign({}, ...modules.map(({ tags }) => tags)),
    routes,
  })
  const asyncApi = buildAsyncApi({
    title: 'Orders: events and messages',
    version,
    description: 'Orders and commands that come in by Kafka, and the events that go out by Kafka and live over HTTP.',
    channels: modules.flatMap(({ topics = [], channels }) => [
      ...topics.map(({ variable, channel }) => channel(value(variable), catalogue)),
      ...(channels?.(catalogue) ?? []),
    ]),
    schemas: Object.assign({}, ...modules.map(({ messageSchemas }) => messageSchemas?.(catalogue))),
  })
  const idempotent = createIdempotency({ pool, registry, log, callerOf: caller })
  const fetch = buildHttp({
    routes,
    allows: createAccessCheck(keys, options.isLocal),
    idempotent,
    registry,
    basePath: options.basePath,
    tracer,
    log,
  })
  return {
    fetch,
    intake,
    carryOut,
    handlers,
    cache,
    keys,
    feed,
    eventLog,
    registry,
    orderMetrics,
    eventMetrics,
    auditMetrics,
    webhooks,
  }
}
