import { type App, buildApp } from './app.ts'
import { runAudit } from './audit.ts'
import { type Config, isLoopback } from './config.ts'
import { bringUpToDate, type Database, openDatabase } from './database.ts'
import { LogHome } from './events/log-home.ts'
import { Notifier } from './events/notifier.ts'
import { maintainPartitions, runPartitionMaintenance } from './events/partition-maintenance.ts'
import { retentionDays } from './events/variables.ts'
import { keepInStep } from './in-step.ts'
import { startKafkaEnds } from './kafka-ends.ts'
import { modules } from './modules.ts'
import { keepExpiring } from './orders/expiry.ts'
import { keepMergingTallies } from './orders/tally.ts'
import { unpaidExpiresAfterMs } from './orders/variables.ts'
import { DatabaseClock, followDatabaseClock } from './platform/database-clock.ts'
import { settledWithin, withDeadline } from './platform/deadline.ts'
import { expireIdempotencyKeys } from './platform/idempotency/expiry.ts'
import type { Logger } from './platform/log.ts'
import { createListener, notify } from './platform/notifications.ts'
import { startTracing } from './platform/otlp-tracing.ts'
import { createPool, type Pool, type PostgresAddress } from './platform/postgres.ts'
import { type HttpServer, startServer } from './platform/server.ts'
import type { DependencyState } from './system/health.ts'
import { createWriteWatch } from './system/write-watch.ts'
import { version } from './version.ts'
import { runDeliveries } from './webhooks/deliver.ts'
import { deliveryRules } from './webhooks/webhook.ts'

/** A running service. */
export type Service = {
  /** What it runs on, for a person. */
  summary: string
  url: string
  /** Ends it in good order: nothing more is taken in, what is under way is finished, then the database goes. */
  stop(): Promise<void>
}

/** Why the service will not start as it is configured, in a sentence. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError'
}

/** Connections for what has to go on while all others are in use: proofs of the listener, keys, health. */
const systemConnections = 2

const databaseTimeoutMs = 30_000
const requestsDeadlineMs = 10_000
const writingDeadlineMs = 5_000
const probeDeadlineMs = 2_000
const spansDeadlineMs = 2_000
/** For all of stopping but the end of the own PostgreSQL, which has a deadline of its own: a step that hangs must not add to the others. */
const stopDeadlineMs = 15_000

/**
 * Starts everything that the configuration asks for.
 *
 * @param stop ends a start under way, and later the readers of the log and of Kafka
 * @throws StartRefusedError, ListenError, EmbeddedPostgresError, MigrationError or the database's refusal; what was started
 *   until then is ended again
 */
export async function startService(config: Config, log: Logger, stop: AbortSignal): Promise<Service> {
  const database = await openDatabase(config, log, stop)
  try {
    await bringUpToDate(database.address, log, databaseTimeoutMs, stop)
    return await serve(config, database, log, stop)
  } catch (error) {
    await database.stop()
    throw error
  }
}

async function serve(config: Config, database: Database, log: Logger, stop: AbortSignal): Promise<Service> {
  const { databaseConnectionsMax: connectionsMax } = config
  const { address } = database
  const pool = createPool(address, { connectionsMax: connectionsMax - systemConnections, name: 'orders', log })
  const systemPool = createPool(address, { connectionsMax: systemConnections, name: 'orders', log })
  const writes = createWriteWatch(systemPool)
  const listener = createListener({ address, notify: (channel, message) => notify(systemPool, channel, message), log })
  const clock = new DatabaseClock()
  const { isRight: isClockRight, now } = clock
  await clock.look(systemPool).catch(error => log.warn({ err: error }, 'the time of the database is not known yet'))
  const logGrown = new Notifier()
  const webhooksChanged = new Notifier()
  const tracing = config.tracing === undefined ? undefined : await startTracing(config.tracing, version, log)
  const ends = config.kafka === undefined ? undefined : startKafkaEnds(config.kafka, config.value, tracing?.tracer, log)
  const app = buildApp({
    pool,
    systemPool,
    writes,
    log,
    now,
    clock,
    value: config.value,
    dataDir: config.dataDir,
    probes: {
      database: () => probe(writes.check),
      notifications: async () => listener.state(),
      kafka: ends?.probe ?? (async () => ({ state: 'off' })),
    },
    isStopping: () => stop.aborted,
    isInStep: listener.isInStep,
    isLocal: isLoopback(config.server.host),
    settings: config.settings,
    basePath: config.server.basePath,
    sendToTopic: ends?.sendOrder,
    logGrown,
    tracing,
  })
  const onContinued = () => {
    app.cache.clear()
    app.feed.forget()
  }
  const home = new LogHome({ pool: systemPool, address, onContinued, log })
  await home.look().catch(error => log.warn({ err: error }, 'the place of the event log is not known yet'))
  const maintenance = {
    pool,
    retentionDays: config.value(retentionDays),
    now,
    isClockRight,
    onLooked: app.eventMetrics.maintenance,
    log,
  }
  let server: HttpServer
  try {
    // After a long time without any instance the log has no partition for today, and gets it before the first event.
    await maintainPartitions(maintenance).catch(error =>
      log.warn({ err: error }, 'the event log was not made ready; it goes on as it is'),
    )
    await app.keys.load()
    if (app.keys.isEmpty && !isLoopback(config.server.host)) throw refuseOpenDoor(config.server.host)
    server = startServer({ host: config.server.host, port: config.server.port, fetch: app.fetch, log })
  } catch (error) {
    await Promise.all([pool.end(), systemPool.end()])
    throw error
  }
  const expiresAfterMs = config.value(unpaidExpiresAfterMs)
  // The readers go on until everything has been taken in, so that what is written last is still published.
  const stopReaders = new AbortController()
  const readers = [
    keepInStep({ app, home, listener, pool, logGrown, webhooksChanged, log }, stopReaders.signal),
    expiresAfterMs === undefined
      ? undefined
      : keepExpiring(
          {
            pool,
            expiresAfterMs,
            now,
            isClockRight,
            onChanged: app.cache.forget,
            log,
          },
          stopReaders.signal,
        ),
    home.run(stopReaders.signal),
    followDatabaseClock({ pool: systemPool, clock, log }, stopReaders.signal),
    keepMergingTallies({ pool, now, isClockRight, log }, stopReaders.signal),
    expireIdempotencyKeys({ pool, isClockRight, log }, stopReaders.signal),
    runPartitionMaintenance(maintenance, stopReaders.signal),
    runAudit({ pool, metrics: app.auditMetrics, modules, value: config.value, now, log }, stopReaders.signal),
    deliverWebhooks({ app, clock, pool, address: database.address, changed: webhooksChanged, log }, stopReaders.signal),
    ends?.run({
      app,
      pool,
      address: database.address,
      logGrown,
      stopConsuming: stop,
      stopRelaying: stopReaders.signal,
    }),
  ]
  return {
    url: server.url,
    summary: describe(config, database, app, server.url),
    async stop() {
      const inOrder = async () => {
        await ends?.consumed()
        app.feed.end()
        await server.stop(requestsDeadlineMs)
        await app.intake.close(writingDeadlineMs)
        stopReaders.abort()
        await Promise.all(readers)
        app.webhooks.sender.close()
        await ends?.close()
        await tracing?.close(spansDeadlineMs)
        await Promise.all([pool.end(), systemPool.end()])
        return 'ended'
      }
      if ((await settledWithin(inOrder(), stopDeadlineMs)) === undefined) {
        log.warn({ deadlineMs: stopDeadlineMs }, 'what is still under way is given up; nothing acknowledged is lost')
      }
      await database.stop()
    },
  }
}

function deliverWebhooks(
  options: { app: App; clock: DatabaseClock; pool: Pool; address: PostgresAddress; changed: Notifier; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const { app, clock, ...rest } = options
  const { eventLog: events, feed, webhooks } = app
  const { now, isRight: isClockRight } = clock
  const delivering = {
    ...rest,
    events,
    feed,
    ...webhooks,
    rules: deliveryRules,
    now,
    isClockRight,
    random: Math.random,
  }
  return runDeliveries(delivering, stop)
}

function refuseOpenDoor(host: string): StartRefusedError {
  return new StartRefusedError(
    `SERVER_HOST is ${host}, which others can reach, and there is no API key: make one with "./orders keys create", ` +
      'set API_KEYS, or set SERVER_HOST to 127.0.0.1',
  )
}

/** Asks, and takes a slow answer for none: a health check has to be answered while the database hangs. */
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

function describe(config: Config, database: Database, app: App, url: string): string {
  const lines = [
    ['page', `${url}/`],
    ['API', `${url}/api/orders, described at ${url}/api/docs`],
    ['database', database.description],
    ['Kafka', config.kafka === undefined ? 'none: set KAFKA_BROKERS to use yours' : config.kafka.brokers.join(', ')],
    ['API keys', app.keys.isEmpty ? 'none: only this machine is served' : 'needed'],
  ]
  return `Orders ${version}\n${lines.map(([name, value]) => `  ${name?.padEnd(10)}${value}`).join('\n')}\n`
}
