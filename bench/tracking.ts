import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import { createPublisher } from '../src/platform/kafka/publisher.ts'
import { createLogger } from '../src/platform/log.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Findings, median, residentFigures } from './figures.ts'
import { runLoad } from './load.ts'
import { exampleOrders } from './orders-topic.ts'
import { databaseSettings, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { describeProcessors, residentMaxMib, watchProcessors } from './usage.ts'

const parcelsDefault = 20_000
/** What a parcel goes through; a carrier reports the whole list again and again, by these lengths. */
const life = [
  'pre_transit',
  'picked_up',
  'in_transit',
  'in_transit',
  'in_transit',
  'out_for_delivery',
  'delivered',
] as const
const reported = [2, 4, 6, 7]
const places = ['Lyon', 'Lyon', 'Dijon', 'Metz', 'Köln', 'Köln', 'Köln']
const partitions = 6
const messagesAtATime = 1_000
const senders = 32
/** Parcels and orders that are read in turn. */
const readPaths = 1_000
const rounds = 3
const secondsDefault = 5
const connections = 100
const silenceMsMax = 60_000

type Sent = Readonly<{ order: string; number: string }>

/**
 * How fast reports of carriers are stored from Kafka: each checkpoint once, with the state of its parcel, its shipment and its order, and the
 * events of both. And how fast anybody reads where a parcel is.
 */
export async function benchTracking(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const parcels = context.orders ?? parcelsDefault
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const address = await createDatabase(server)
  const topic = `tracking-${randomUUID().slice(0, 8)}`
  const start = (settings: Record<string, string> = {}) =>
    startServiceProcess({
      folder: environment.folder,
      profileFolder: context.profileFolder,
      environment: { ...databaseSettings(address), SHIP_UNPAID: 'true', ...settings },
    })
  try {
    note(`tracking: shipping ${parcels} parcels`)
    const shipping = await start()
    const sent = await shipParcels(shipping, parcels).finally(() => shipping.stop())
    note(`tracking: putting ${parcels * reported.length} reports into Kafka`)
    await fillTopic(kafka.brokers, topic, sent)
    await settle(address)
    const before = await countRows(address)
    note('tracking: the service stores them')
    const service = await start({
      ...{
        KAFKA_BROKERS: kafka.brokers,
        KAFKA_TRACKING_TOPIC: topic,
        KAFKA_GROUP_ID: topic,
        KAFKA_TOPIC: `${topic}.in`,
      },
      ...{ KAFKA_EVENTS_TOPIC: `${topic}.events`, KAFKA_DLQ_TOPIC: `${topic}.dlq` },
    })
    try {
      const watched = { service: service.pid, PostgreSQL: server.processId(), Kafka: kafka.pid }
      const stored = await follow(address, parcels * life.length, watched)
      const resident = residentMaxMib(service.pid)
      const after = await countRows(address)
      if (after.delivered !== parcels) throw new Error(`of ${parcels} shipments ${after.delivered} are delivered`)
      const reading = await compareReads(context, service, sent)
      return {
        figures: [
          {
            ...{ what: 'checkpoints stored, with states and events', value: stored.perSecond, unit: 'checkpoints/s' },
            ...{ must: { of: 'value', atLeast: 15_000 }, aim: { of: 'value', atLeast: 30_000 } },
          },
          {
            ...{ what: 'where a parcel is, read by anybody', value: reading.track, unit: 'requests/s' },
            against: { what: 'a cached order', value: reading.order },
            must: { of: 'ratio', atLeast: 0.8 },
          },
          ...residentFigures(resident),
        ],
        notes: [
          `${parcels} parcels of ${life.length} checkpoints in ${reported.length} reports of the whole list; ${after.events - before.events} events`,
          describeProcessors(stored.cores),
        ],
      }
    } finally {
      await service.stop()
    }
  } finally {
    await dropDatabase(server, address)
  }
}

/** Places orders and ships each of them by a number of its own. */
async function shipParcels({ url }: ServiceProcess, count: number): Promise<Sent[]> {
  const headers = { 'content-type': 'application/json' }
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as { id: string }
  }
  const orders = [...exampleOrders(count)]
  const lines = orders.map(order => JSON.stringify(order)).join('\n')
  const placed = await fetch(`${url}/api/orders/batch`, {
    ...{ method: 'POST', body: lines, headers: { 'content-type': 'application/x-ndjson' } },
  })
  await placed.text()
  const left = orders.entries()
  const sent: Sent[] = []
  const send = async () => {
    for (const [index, { order_uid: order, items }] of left) {
      const number = `BENCH${String(index).padStart(9, '0')}`
      const rids = items.map(({ rid }) => rid)
      const { id } = await post(`/api/orders/${order}/shipments`, { rids, tracking_numbers: [{ number }] })
      await post(`/api/shipments/${id}/ship`, {})
      sent.push({ order, number })
    }
  }
  await Promise.all(Array.from({ length: senders }, send))
  return sent
}

/** Puts the reports of all parcels into a topic: each parcel's first one, then each one's second. */
async function fillTopic(brokers: string, topic: string, sent: readonly Sent[]): Promise<void> {
  await ensureTopics({ brokers: brokers.split(',') }, [{ name: topic, partitions }], 10_000)
  const log = createLogger({ level: 'warn' })
  const publisher = createPublisher({ brokers: brokers.split(','), clientId: 'bench', log })
  const startMs = Date.now() - life.length * 3_600_000
  const list = life.map((status, index) => ({
    ...{ code: `C${index}`, status, place: places[index] ?? '', text: `${status} at the usual place` },
    ...{ occurred_local: new Date(startMs + index * 3_600_000).toISOString().slice(0, 19), zone: '+00:00' },
  }))
  const reports = reported.flatMap(length => {
    const checkpoints = list.slice(0, length).toReversed()
    return sent.map(({ number }) => ({ tracking_number: number, carrier: 'bench', checkpoints }))
  })
  for (let index = 0; index < reports.length; index += messagesAtATime) {
    const messages = reports.slice(index, index + messagesAtATime).map(report => ({
      ...{ key: report.tracking_number, value: Buffer.from(JSON.stringify(report)) },
    }))
    await publisher.send(topic, messages, 30_000)
  }
  await publisher.close()
}

/** Watches parcels until they have all their checkpoints. */
async function follow(address: PostgresAddress, wanted: number, watched: Record<string, number | undefined>) {
  return withClient(address, async client => {
    let first: { atMs: number; checkpoints: number; endWatch: ReturnType<typeof watchProcessors> } | undefined
    let latest = { atMs: performance.now(), checkpoints: 0 }
    for (;;) {
      const { rows } = await client.query<{ checkpoints: number }>(
        'select sum(checkpoints)::float8 as checkpoints from parcels',
      )
      const checkpoints = rows[0]?.checkpoints ?? 0
      const atMs = performance.now()
      if (checkpoints !== latest.checkpoints) latest = { atMs, checkpoints }
      if (first === undefined && checkpoints > 0) first = { atMs, checkpoints, endWatch: watchProcessors(watched) }
      if (first !== undefined && checkpoints >= wanted) {
        const perSecond = (checkpoints - first.checkpoints) / ((atMs - first.atMs) / 1000)
        return { perSecond, cores: first.endWatch() }
      }
      if (atMs - latest.atMs > silenceMsMax) throw new Error(`no progress: ${checkpoints} of ${wanted} are stored`)
      await sleep(200)
    }
  })
}

async function countRows(address: PostgresAddress): Promise<{ events: number; delivered: number }> {
  const { rows } = await withClient(address, client =>
    client.query<{ events: number; delivered: number }>(
      `select (select count(*)::int from events) as events, (select count(*)::int from shipments where state = 'delivered') as delivered`,
    ),
  )
  return rows[0] ?? { events: 0, delivered: 0 }
}

/** Reads parcels and orders in turn. @returns the medians of requests a second */
async function compareReads(
  { seconds = secondsDefault, note }: BenchmarkContext,
  { port }: ServiceProcess,
  sent: readonly Sent[],
): Promise<{ track: number; order: number }> {
  const some = sent.slice(0, readPaths)
  const paths = {
    track: some.map(({ number }) => `/api/track/${number}`),
    order: some.map(({ order }) => `/api/orders/${order}`),
  }
  const rates = { track: [] as number[], order: [] as number[] }
  for (let round = 1; round <= rounds; round += 1) {
    for (const kind of ['order', 'track'] as const) {
      const load = { port, connections, requests: { kind: 'get', paths: paths[kind] } } as const
      const { perSecond } = await runLoad({ ...load, seconds, warmUpSeconds: round === 1 ? 2 : 0.5 })
      note(`tracking: round ${round}, ${kind}: ${Math.round(perSecond)} requests/s`)
      rates[kind].push(perSecond)
    }
  }
  return { track: median(rates.track), order: median(rates.order) }
}
