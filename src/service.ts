import { type App, buildApp } from './app.ts'
import { type Config, isLoopback } from './config.ts'
import { bringUpToDate, type Database, openDatabase } from './database.ts'
import { Notifier } from './events/notifier.ts'
import { createMessaging, type KafkaMessaging } from './messaging.ts'
import type { Context, Module } from './module.ts'
import { modules as allModules } from './modules.ts'
import { DatabaseClock, followDatabaseClock } from './platform/database-clock.ts'
import { settledWithin, withDeadline } from './platform/deadline.ts'
import type { Logger } from './platform/log.ts'
import { createListener, type Listener, notify } from './platform/notifications.ts'
import { startTracing, type Tracing } from './platform/otlp-tracing.ts'
import { createPool, endPool, type Pool, type PostgresAddress } from './platform/postgres.ts'
import { type HttpServer, startServer } from './platform/server.ts'
import type { DependencyState } from './system/views.ts'
import { createWriteWatch, type WriteWatch } from './system/write-watch.ts'
import { version } from './version.ts'

/** A running service. */
export type Service = {
  /** What it runs on, for a person. */
  summary: string
  url: string
  /** Ends it in good order: nothing more is accepted, what is under way is finished, then the database goes. */
  stop(): Promise<void>
}

type Made = Readonly<{ modules?: readonly Module[]; paymentHooks?: Context['paymentHooks'] }>

/** Why the service will not start as it is configured, in a sentence. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError'
}

/** Connections for what has to go on while all others are in use: proofs of the listener, keys, health. */
const systemConnections = 2

const databaseTimeoutMs = 30_000
const requestsDeadlineMs = 10_000
const drainDeadlineMs = 5_000
const probeDeadlineMs = 2_000
const spansDeadlineMs = 2_000
/** For all of stopping but the end of the own PostgreSQL, which has a deadline of its own: a step that hangs must not add to the others. */
const stopDeadlineMs = 15_000

/**
 * Starts everything that the configuration asks for.
 *
 * @param stop ends a start under way, and later the consumers of Kafka
 * @param made what it is made of, where that differs: its modules, and the points of payments at which a test stops it
 * @throws StartRefusedError, ListenError, EmbeddedPostgresError, MigrationError or the database's refusal; what was started
 *   until then is ended again
 */
export async function startService(config: Config, log: Logger, stop: AbortSignal, made: Made = {}): Promise<Service> {
  const database = await openDatabase(config, log, stop)
  try {
    await bringUpToDate(database.address, log, databaseTimeoutMs, stop)
    return await serve(config, made, database, log, stop)
  } catch (error) {
    await database.stop()
    throw error
  }
}

async function serve(
  config: Config,
  { modules = allModules, paymentHooks }: Made,
  database: Database,
  log: Logger,
  stop: AbortSignal,
): Promise<Service> {
  const connections = await connect(config, database.address, log)
  const options = { ...appOptions(config, database.address, connections, log, stop), paymentHooks }
  const app = buildApp(options, modules)
  let server: HttpServer
  try {
    for (const { prepare } of app.running) await prepare?.()
    if (isOpen(app) && !isLoopback(config.server.host)) throw refuseOpenDoor(config.server.host)
    server = startServer({ host: config.server.host, port: config.server.port, fetch: app.fetch, log })
  } catch (error) {
    await closePools(connections)
    throw error
  }
  const work = startWork(app, connections, log, stop)
  return {
    url: server.url,
    summary: summarize(config, database, app, server.url),
    async stop() {
      if ((await settledWithin(stopInOrder(app, server, connections, work), stopDeadlineMs)) === undefined) {
        log.warn(
          { deadlineMs: stopDeadlineMs },
          'stopping took too long; the remaining work is abandoned, and nothing acknowledged is lost',
        )
      }
      await database.stop()
    },
  }
}

/** Connections to other systems; each connects when it is first needed. */
type Connections = {
  pool: Pool
  systemPool: Pool
  writes: WriteWatch
  listener: Listener
  clock: DatabaseClock
  logGrown: Notifier
  tracing: Tracing | undefined
  messaging: KafkaMessaging | undefined
}

async function connect(config: Config, address: PostgresAddress, log: Logger): Promise<Connections> {
  const { databaseConnectionsMax: connectionsMax, kafka, value } = config
  const pool = createPool(address, { connectionsMax: connectionsMax - systemConnections, name: 'orders', log })
  const systemPool = createPool(address, { connectionsMax: systemConnections, name: 'orders', log })
  const clock = new DatabaseClock()
  await clock.look(systemPool).catch(error => log.warn({ err: error }, 'the time of the database is not known yet'))
  const tracing = config.tracing === undefined ? undefined : await startTracing(config.tracing, version, log)
  return {
    pool,
    systemPool,
    writes: createWriteWatch(systemPool),
    listener: createListener({ address, notify: (channel, message) => notify(systemPool, channel, message), log }),
    clock,
    logGrown: new Notifier(),
    tracing,
    messaging: kafka === undefined ? undefined : createMessaging({ kafka, value, tracer: tracing?.tracer, log }),
  }
}

function appOptions(
  config: Config,
  address: PostgresAddress,
  connections: Connections,
  log: Logger,
  stop: AbortSignal,
): Parameters<typeof buildApp>[0] {
  const { writes, listener, clock, messaging } = connections
  return {
    ...connections,
    address,
    log,
    now: clock.now,
    value: config.value,
    settings: config.settings,
    basePath: config.server.basePath,
    dataDir: config.dataDir,
    isLocal: isLoopback(config.server.host),
    isStopping: () => stop.aborted,
    isInStep: listener.isInStep,
    probes: {
      database: () => probe(writes.check),
      notifications: async () => listener.state(),
      kafka: messaging?.probe ?? (async () => ({ state: 'off' })),
    },
  }
}

/** What goes on for as long as the service runs. */
type Work = { stopWorkers: AbortController; ended: Promise<unknown> }

/** The workers go on until everything has been accepted, so that what is written last is still published. */
function startWork(
  app: App,
  { listener, systemPool: pool, clock, messaging }: Connections,
  log: Logger,
  stopConsuming: AbortSignal,
): Work {
  const stopWorkers = new AbortController()
  const { signal } = stopWorkers
  const workers = app.running.flatMap(({ workers = [] }) => workers)
  const ended = Promise.all([
    listen(listener, app, signal),
    followDatabaseClock({ pool, clock, log }, signal),
    messaging?.run(app.context, stopConsuming),
    ...workers.map(worker => worker.run(signal)),
  ])
  return { stopWorkers, ended }
}

/** Keeps this instance in step with the others: hands each notification to the modules that listen to its channel. */
function listen(listener: Listener, { running }: App, stop: AbortSignal): Promise<void> {
  const heard = running.flatMap(({ notifications = [] }) => notifications)
  return listener.run(
    {
      channels: [...new Set(heard.map(({ channel }) => channel))],
      onNotify(channel, message) {
        for (const listening of heard) if (listening.channel === channel) listening.onNotify(message)
      },
      onInStep() {
        for (const { onInStep } of running) onInStep?.()
      },
    },
    stop,
  )
}

async function stopInOrder(
  { running }: App,
  server: HttpServer,
  { messaging, tracing, ...pools }: Connections,
  work: Work,
): Promise<'ended'> {
  await messaging?.consumed()
  for (const { endStreams } of running) endStreams?.()
  await server.stop(requestsDeadlineMs)
  await Promise.all(running.map(({ drain }) => drain?.(drainDeadlineMs)))
  work.stopWorkers.abort()
  await work.ended
  for (const { close } of running) close?.()
  await messaging?.close()
  await tracing?.close(spansDeadlineMs)
  await closePools(pools)
  return 'ended'
}

async function closePools({ pool, systemPool }: Pick<Connections, 'pool' | 'systemPool'>): Promise<void> {
  await Promise.all([endPool(pool), endPool(systemPool)])
}

/** Whether callers need no key. */
function isOpen({ running }: App): boolean {
  return running.some(({ access }) => access?.isOpen())
}

function refuseOpenDoor(host: string): StartRefusedError {
  return new StartRefusedError(
    `SERVER_HOST is ${host}, which others can reach, and there is no API key: make one with "./orders keys create", ` +
      'set API_KEYS, or set SERVER_HOST to 127.0.0.1',
  )
}

/** Probes a dependency, and counts a slow answer as none: health checks are answered while the database hangs. */
async function probe(ask: () => Promise<unknown>): Promise<DependencyState> {
  try {
    await withDeadline(ask(), probeDeadlineMs, () => {
      throw new Error(`no answer within ${probeDeadlineMs} ms`)
    })
    return { state: 'up' }
  } catch (error) {
    return { state: 'down', detail: error instanceof Error ? error.message : String(error) }
  }
}

function summarize(config: Config, database: Database, app: App, url: string): string {
  const lines = [
    ['page', `${url}/`],
    ['API', `${url}/api/orders, described at ${url}/api/docs`],
    ['database', database.description],
    ['Kafka', config.kafka === undefined ? 'none: set KAFKA_BROKERS to use yours' : config.kafka.brokers.join(', ')],
    ['API keys', isOpen(app) ? 'none: only this machine is served' : 'needed'],
  ]
  return `Orders ${version}\n${lines.map(([name, value]) => `  ${name?.padEnd(10)}${value}`).join('\n')}\n`
}
