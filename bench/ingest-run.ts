import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import { advisoryLocks } from '../src/advisory-locks.ts'
import { clientOptions, dispose, loadKafka } from '../src/platform/kafka/client.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { Build } from './builds.ts'
import { withClient } from './environment.ts'
import { followLog, type LogProgress } from './log-progress.ts'
import { databaseSettings, readMetrics, startServiceProcess, withoutExpiry } from './service-process.ts'
import { startStreamReaders } from './streams.ts'
import { describeProcessors, residentMaxMib, type Watched, watchProcessors } from './usage.ts'
import { receiveWebhooks } from './webhook-receiver.ts'

/** The results of one ingest of a topic. */
export type IngestRun = {
  /** From the first commit to the last. */
  ordersPerSecond: number
  /** From the first commit until every event was acknowledged by the broker; undefined when the relay was held back. */
  publishedPerSecond: number | undefined
  residentMaxMib: number | undefined
  /** From the first event on a stream until every stream had all; undefined without streams. */
  streamedSeconds: number | undefined
  /** Processor time of the service and of PostgreSQL for an order, in microseconds; undefined where it is not known. */
  microseconds: { service: number; postgres: number } | undefined
  notes: string[]
}

export type IngestOptions = {
  brokers: string
  address: PostgresAddress
  topic: string
  /** The number of orders in the topic, and in the database before. */
  orders: number
  ordersBefore?: number
  lines: number
  withRelay: boolean
  /** The number of readers of the live events, from the first event on. */
  streamReaders?: number
  /** Whether a webhook gets every event. */
  withWebhook?: boolean
  folder: string
  profileFolder: string | undefined
  watched: Watched
  /** Whose service; this one's when undefined. */
  build?: Build | undefined
}

const pollMs = 100
const silenceMsMax = 60_000

/**
 * Starts the service on a topic full of orders, measures it until all are stored (and published), and checks that none was
 * lost or doubled.
 *
 * @throws Error when it makes no progress for a minute, or when an order or an event is missing or duplicated
 */
export async function runIngest(options: IngestOptions): Promise<IngestRun> {
  const { address, topic } = options
  const eventsTopic = `${topic}.events.${address.database}`
  const client = new Client(address as ClientConfig)
  await client.connect()
  const look = await followLog(client)
  // It keeps every relay waiting.
  if (!options.withRelay) await client.query('select pg_advisory_lock($1)', [advisoryLocks.relay])
  const service = await startServiceProcess({
    folder: options.folder,
    profileFolder: options.profileFolder,
    build: options.build,
    environment: {
      ...databaseSettings(address),
      ...withoutExpiry,
      KAFKA_BROKERS: options.brokers,
      KAFKA_TOPIC: topic,
      KAFKA_GROUP_ID: `bench-${address.database}-${topic}`,
      KAFKA_EVENTS_TOPIC: eventsTopic,
      KAFKA_DLQ_TOPIC: `${topic}.dlq`,
      WEBHOOKS_ALLOW_PRIVATE: 'true',
    },
  })
  const { streamReaders: readers = 0, orders: events } = options
  const streams =
    readers === 0 ? undefined : await startStreamReaders({ port: service.port, readers, after: '0-0', events })
  const webhook = options.withWebhook ? await receiveWebhooks(service.url) : undefined
  try {
    const waits = watchWaits(address)
    const watched = { service: service.pid, streams: streams?.pid, ...options.watched }
    const progress = await follow(look, watched, options)
    const received = webhook?.received()
    const streamed = await streams?.result
    const resident = residentMaxMib(service.pid)
    const label = options.withRelay ? 'with the relay' : 'the relay held back'
    const notes = [
      `${label}: ${describeProcessors(progress.cores)}`,
      `${label}: ${await waits.end()}`,
      `${label}: ${await scrape(service.url)}`,
    ]
    notes.push(`${label}: ${Math.round(progress.ordersATransaction)} orders a transaction`)
    if (received !== undefined) notes.push(`the webhook had ${received} events by then, and goes on`)
    await checkStored(options)
    if (options.withRelay) await checkPublished(options.brokers, eventsTopic, options.orders)
    return { ...progress, residentMaxMib: resident, streamedSeconds: streamed?.seconds, notes }
  } finally {
    await streams?.stop()
    await webhook?.stop()
    await service.stop()
    await client.end()
  }
}

/** Watches the log until everything is in it, and published. */
async function follow(look: () => Promise<LogProgress>, watched: Watched, { orders, withRelay }: IngestOptions) {
  let first: { atMs: number; orders: number } | undefined
  let endWatch: ReturnType<typeof watchProcessors> | undefined
  let ordersPerSecond: number | undefined
  let latest = { atMs: performance.now(), orders: 0 }
  for (;;) {
    const { events, transactions, isPublished } = await look()
    const atMs = performance.now()
    if (events !== latest.orders) latest = { atMs, orders: events }
    if (first === undefined && events > 0) {
      first = { atMs, orders: events }
      endWatch = watchProcessors(watched)
    }
    const rateSinceFirst = first && (orders - first.orders) / ((atMs - first.atMs) / 1000)
    if (events >= orders) ordersPerSecond ??= rateSinceFirst
    if (ordersPerSecond !== undefined && (isPublished || !withRelay)) {
      const publishedPerSecond = withRelay ? rateSinceFirst : undefined
      const cores = endWatch?.()
      const seconds = (atMs - (first?.atMs ?? atMs)) / 1000
      const each = (name: string) => ((cores?.[name] ?? 0) * seconds * 1e6) / orders
      const microseconds = cores && { service: each('service'), postgres: each('PostgreSQL') }
      return { ordersPerSecond, publishedPerSecond, ordersATransaction: orders / transactions, cores, microseconds }
    }
    // The relay does not report its progress until it is done, so it may take as long as the intake and a minute more.
    const timeoutMs = silenceMsMax + (first === undefined ? 0 : latest.atMs - first.atMs)
    if (atMs - latest.atMs > timeoutMs) throw new Error(`no progress: ${events} of ${orders} orders are stored`)
    await sleep(pollMs)
  }
}

async function checkStored({ address, orders, ordersBefore = 0, lines }: IngestOptions): Promise<void> {
  const { rows } = await withClient(address, async client => {
    const { rowCount } = await client.query(
      `select from pg_attribute where attrelid = 'events'::regclass and attname = 'stream_id'`,
    )
    // What builds before the log was one of streams call it.
    const stream = rowCount === 0 ? 'order_uid' : 'stream_id'
    return client.query<Record<string, number>>(`
      select (select count(*)::int from orders) as orders,
             (select count(distinct order_uid)::int from orders) as uids,
             (select count(*)::int from order_items) as lines,
             (select count(*)::int from events) as events,
             (select count(*)::int from events e join orders o on o.order_uid = e.${stream}) as events_of_orders`)
  })
  const found = rows[0] ?? {}
  const expected = orders + ordersBefore
  for (const name of ['orders', 'uids', 'events', 'events_of_orders']) {
    if (found[name] !== expected) throw new Error(`${found[name]} ${name} are stored, and ${expected} were sent`)
  }
  if (found.lines !== lines) throw new Error(`${found.lines} lines are stored, and ${lines} were sent`)
}

async function checkPublished(brokers: string, topic: string, expected: number): Promise<void> {
  const admin = new (await loadKafka()).Admin(clientOptions({ brokers: brokers.split(',') }, 'bench'))
  const { topics } = await admin.metadata({ topics: [topic] })
  const partitionsCount = topics.get(topic)?.partitionsCount ?? 0
  const partitions = Array.from({ length: partitionsCount }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: -1n,
  }))
  const ends = await admin.listOffsets({ topics: [{ name: topic, partitions }] })
  await dispose(admin)
  const events = ends.flatMap(end => end.partitions).reduce((sum, { offset }) => sum + Number(offset), 0)
  if (events !== expected) throw new Error(`${events} events are on ${topic}, and there are ${expected} orders`)
}

/** Measures a scrape of the metrics after all that, and checks whether anything was refused. */
async function scrape(url: string): Promise<string> {
  const startedMs = performance.now()
  const read = await readMetrics(url)
  const ms = performance.now() - startedMs
  const others = read('orders_received_total') - read('orders_received_total', 'outcome="placed"')
  if (others > 0) throw new Error(`${others} orders were refused or came twice`)
  return `a scrape of the metrics took ${ms.toFixed(0)} ms`
}

/** Samples what the service's connections do, ten times a second. */
function watchWaits(address: PostgresAddress) {
  const seen = new Map<string, number>()
  let looks = 0
  let isOver = false
  const watching = withClient(address, async client => {
    for (; !isOver; looks += 1) {
      const { rows } = await client.query<{ doing: string }>(`
        select case when state <> 'active' then state
                    else coalesce(wait_event_type || ':' || wait_event, 'on a core') end as doing
          from pg_stat_activity
         where datname = current_database() and application_name = 'orders' and state <> 'idle'`)
      for (const { doing } of rows) seen.set(doing, (seen.get(doing) ?? 0) + 1)
      await sleep(pollMs)
    }
  })
  return {
    async end(): Promise<string> {
      isOver = true
      await watching
      const parts = [...seen].toSorted((a, b) => b[1] - a[1]).slice(0, 8)
      return `connections on average ${parts.map(([doing, times]) => `${(times / looks).toFixed(2)} ${doing}`).join(', ')}`
    },
  }
}
