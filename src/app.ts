import { buildDocuments } from './documents.ts'
import { NewestRead } from './events/newest-read.ts'
import type { Notifier } from './events/notifier.ts'
import { ReaderThrottle } from './events/reader-throttle.ts'
import type { StreamDefinition } from './events/stream-definition.ts'
import type { Context, Documents, Messaging, Module, Running } from './module.ts'
import { modules as allModules, catalogueOf } from './modules.ts'
import { basePathRoutes } from './platform/base-path.ts'
import { type DatabaseClock, recordClock } from './platform/database-clock.ts'
import type { HttpRequest, Route } from './platform/http.ts'
import { buildHttp } from './platform/http-router.ts'
import { createIdempotency } from './platform/idempotency/idempotency.ts'
import type { Logger } from './platform/log.ts'
import { recordMemoryBudget } from './platform/memory-budget.ts'
import { createRegistry, recordPool, recordSpans } from './platform/metrics.ts'
import type { Tracing } from './platform/otlp-tracing.ts'
import { poolsOf } from './platform/pools.ts'
import type { Pool, PostgresAddress } from './platform/postgres.ts'
import type { Setting, Values } from './platform/variables.ts'
import type { Probe } from './system/health.ts'
import type { WriteWatch } from './system/write-watch.ts'

export type AppOptions = {
  pool: Pool
  /** Connections for what has to go on while all others are in use; the pool's unless given. */
  systemPool?: Pool
  address: PostgresAddress
  /** Notes whether writes of orders succeed. */
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
  messaging?: (Messaging & { record?: (registry: Context['registry']) => void }) | undefined
  /** Notified when the log has grown, by this instance or another. */
  logGrown: Notifier
  /** Undefined: nothing is traced. */
  tracing?: Tracing | undefined
  /** Lets a test stop the service at a point of a payment. */
  paymentHooks?: Context['paymentHooks']
  /** The same at a point of a return's refund. */
  returnHooks?: Context['returnHooks']
}

export type App = {
  fetch(request: HttpRequest): Response | Promise<Response>
  /** What the modules were started with: `ModuleApi.of` takes it. */
  context: Context
  /** What runs of each module, in their order. */
  running: readonly Running[]
}

/**
 * Everything but sockets, signals and Kafka sessions: what `serve` runs and tests call.
 *
 * @param modules what the service is made of
 */
export function buildApp(options: AppOptions, modules: readonly Module[] = allModules): App {
  const running: Running[] = []
  const streams: StreamDefinition[] = []
  let documents: Documents | undefined
  const context = createContext(options, modules, { streams, running: () => running, documents: () => documents })
  for (const { start, streams: described = [] } of modules) {
    const started = start?.(context) ?? {}
    running.push(started)
    streams.push(...(started.streams ?? described))
  }
  const routes: Route[] = [...running.flatMap(({ routes = [] }) => routes), ...basePathRoutes(options.basePath)]
  documents = buildDocuments(context, routes)
  const access = running.find(({ access }) => access !== undefined)?.access
  if (access === undefined) throw new Error('no module says who may call the service')
  const { pool, registry, log, tracer } = context
  const fetch = buildHttp({
    routes,
    allows: access.allows,
    idempotent: createIdempotency({ pool, registry, log, callerOf: access.callerOf }),
    registry,
    basePath: options.basePath,
    tracer,
    log,
  })
  return { fetch, context, running }
}

/** @param later what is complete once all modules are started */
function createContext(
  options: AppOptions,
  modules: readonly Module[],
  later: { streams: StreamDefinition[]; running: () => readonly Running[]; documents: () => Documents | undefined },
): Context {
  const { pool, systemPool = pool, clock, tracing, messaging } = options
  const registry = createRegistry()
  recordPool(registry, pool)
  recordMemoryBudget(registry)
  if (clock !== undefined) recordClock(registry, clock)
  if (tracing !== undefined) recordSpans(registry, tracing.counts)
  messaging?.record?.(registry)
  return {
    ...options,
    modules,
    catalogue: catalogueOf(modules),
    systemPool,
    pools: poolsOf(pool),
    isClockRight: () => clock?.isRight() ?? true,
    registry,
    tracer: tracing?.tracer,
    writes: options.writes,
    throttle: new ReaderThrottle(() => performance.now()),
    messaging,
    eventLog: { pool, streams: later.streams, newest: new NewestRead() },
    running: later.running,
    documents() {
      const built = later.documents()
      if (built === undefined) throw new Error('the documents are made of modules that are started')
      return built
    },
  }
}
