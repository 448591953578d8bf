import { randomUUID } from 'node:crypto'
import type { EmbeddedPostgres } from '../src/platform/embedded-postgres/embedded-postgres.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Figure, type Findings, median, residentFigures } from './figures.ts'
import { runLoad } from './load.ts'
import { type CopiedTable, measureRawCopy } from './raw-copy.ts'
import { databaseSettings, type ServiceProcess, startServiceProcess } from './service-process.ts'
import {
  fillReports,
  followParcels,
  holdRelay,
  life,
  reported,
  type Sent,
  shipParcels,
  type Storing,
  untilPublished,
} from './tracking-reports.ts'
import { describeProcessors, residentMaxMib } from './usage.ts'

const parcelsDefault = 20_000
/** Parcels and orders that are read in turn. */
const readPaths = 1_000
const rounds = 3
const secondsDefault = 5
const connections = 100

/** What a report adds. Beside these rows the service changes those of the parcel, the shipment, its number and the order. */
const addedRows: readonly CopiedTable[] = [
  {
    name: 'parcel_checkpoints',
    columns:
      'number, carrier, checkpoint_key, checkpoint_id, code, status, reason, occurred_local, zone, offset_minutes, place, text, ' +
      'position, is_future, received_at',
  },
  {
    name: 'events',
    columns: 'stream_id, sequence, type, recorded_at, data, stream_type, concerns_order',
    where: "type in ('shipment.updated', 'shipment.delivered', 'order.completed')",
  },
]

type Reading = Readonly<{ track: number; order: number }>

/**
 * How fast reports of carriers are stored from Kafka: each checkpoint once, with the state of its parcel, its shipment and its order, and the
 * events of both; with the relay held back, and while it publishes. And how fast anybody reads where a parcel is.
 */
export async function benchTracking(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const parcels = context.orders ?? parcelsDefault
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const shipped = await createDatabase(server)
  const topic = `tracking-${randomUUID().slice(0, 8)}`
  const start: Starter = (address, reports = `${topic}.none`) =>
    startServiceProcess({
      ...{ folder: environment.folder, profileFolder: context.profileFolder },
      environment: settingsOf(kafka.brokers, topic, address, reports),
    })
  note(`tracking: shipping ${parcels} parcels`)
  const shipping = await start(shipped)
  const sent = await shipParcels(shipping, parcels).finally(() => shipping.stop())
  note(`tracking: putting ${parcels * reported.length} reports into Kafka`)
  await fillReports(kafka.brokers, topic, sent)
  const watched = { PostgreSQL: server.processId(), Kafka: kafka.pid }
  const bench: Bench = { context, server, shipped, topic, sent, start, watched }
  const relayed = await store(bench, false)
  await dropDatabase(server, relayed.address)
  const held = await store(bench, true)
  note('tracking: a raw COPY of the rows that were added')
  const copySeconds = await measureRawCopy(held.address, environment.folder, addedRows)
  for (const address of [held.address, shipped]) await dropDatabase(server, address)
  const resident = Math.max(held.resident, relayed.resident)
  return {
    figures: [
      ...figuresOf(held.stored, relayed.stored, (parcels * life.length) / copySeconds),
      ...(held.reading === undefined ? [] : [figureOfReads(held.reading)]),
      ...residentFigures(resident === 0 ? undefined : resident),
    ],
    notes: [
      `${parcels} parcels of ${life.length} checkpoints in ${reported.length} reports, each of the whole list so far: ${reported.join(', ')}; ${held.events} events`,
      describeStoring('the relay held back', held.stored),
      describeStoring('the relay publishing', relayed.stored),
    ],
  }
}

type Starter = (address: PostgresAddress, reports?: string) => Promise<ServiceProcess>

type Bench = Readonly<{
  context: BenchmarkContext
  server: EmbeddedPostgres
  shipped: PostgresAddress
  topic: string
  sent: readonly Sent[]
  start: Starter
  watched: Record<string, number | undefined>
}>

/**
 * Stores the topic in a new database in which the parcels are shipped, and with the relay held back reads parcels.
 *
 * @param isHeld whether the relay is held back; otherwise it has published before what came before
 */
async function store({ context, server, shipped, topic, sent, start, watched }: Bench, isHeld: boolean) {
  const address = await copyOf(server, shipped)
  const release = isHeld ? await holdRelay(address) : async () => undefined
  if (!isHeld) {
    const relaying = await start(address)
    await untilPublished(address).finally(() => relaying.stop())
  }
  await settle(address)
  const events = await countEvents(address)
  context.note(`tracking: the service stores them, the relay ${isHeld ? 'held back' : 'publishing'}`)
  const service = await start(address, topic)
  try {
    const stored = await followParcels(address, sent.length * life.length, { service: service.pid, ...watched })
    const resident = residentMaxMib(service.pid) ?? 0
    await checkDelivered(address, sent.length)
    const reading = isHeld ? await compareReads(context, service, sent) : undefined
    return { stored, resident, reading, address, events: (await countEvents(address)) - events }
  } finally {
    await service.stop()
    await release()
  }
}

function settingsOf(brokers: string, topic: string, address: PostgresAddress, reports: string): Record<string, string> {
  const { database } = address
  return {
    ...databaseSettings(address),
    SHIP_UNPAID: 'true',
    KAFKA_BROKERS: brokers,
    KAFKA_TRACKING_TOPIC: reports,
    KAFKA_GROUP_ID: `${topic}.${database}`,
    KAFKA_TOPIC: `${topic}.in`,
    KAFKA_EVENTS_TOPIC: `${topic}.${database}.events`,
    KAFKA_DLQ_TOPIC: `${topic}.dlq`,
  }
}

function figuresOf(held: Storing, relayed: Storing, copy: number): Figure[] {
  const unit = 'checkpoints/s'
  const against = { what: 'raw COPY of checkpoints and events', value: copy }
  const must = { of: 'value', atLeast: 15_000 } as const
  const aim = { of: 'value', atLeast: 30_000 } as const
  const costs = (['service', 'PostgreSQL'] as const).flatMap((name): Figure[] => {
    const value = held.microseconds?.[name]
    return value === undefined ? [] : [{ what: `${name}, a checkpoint`, value, unit: 'µs' }]
  })
  return [
    { what: 'stored, with states and events', value: held.perSecond, unit, against, must, aim },
    { what: 'the same while the relay publishes', value: relayed.perSecond, unit, against },
    ...costs,
  ]
}

function figureOfReads({ track, order }: Reading): Figure {
  return {
    ...{ what: 'where a parcel is, read by anybody', value: track, unit: 'requests/s' },
    against: { what: 'a cached order', value: order },
    must: { of: 'ratio', atLeast: 0.8 },
  }
}

const describeStoring = (how: string, { cores }: Storing) => `${how}: ${describeProcessors(cores)}`

let copies = 0

/** The same database once more, with the statistics that autovacuum gives one that is used. */
async function copyOf(server: EmbeddedPostgres, shipped: PostgresAddress): Promise<PostgresAddress> {
  copies += 1
  const address = { ...shipped, database: `${shipped.database}_${copies}` }
  await withClient(server.address, client =>
    client.query(`create database ${address.database} template ${shipped.database}`),
  )
  await withClient(address, client => client.query('vacuum analyze'))
  return address
}

async function checkDelivered(address: PostgresAddress, parcels: number): Promise<void> {
  const { rows } = await withClient(address, client =>
    client.query<{ delivered: number }>(
      "select count(*)::int as delivered from shipments join orders using (order_uid) where state = 'delivered' and status = 'completed'",
    ),
  )
  const delivered = rows[0]?.delivered ?? 0
  if (delivered !== parcels) throw new Error(`of ${parcels} shipments ${delivered} are delivered`)
}

async function countEvents(address: PostgresAddress): Promise<number> {
  const { rows } = await withClient(address, client =>
    client.query<{ events: number }>('select count(*)::int as events from events'),
  )
  return rows[0]?.events ?? 0
}

/** Reads parcels and orders in turn. @returns the medians of requests a second */
async function compareReads(
  { seconds = secondsDefault, note }: BenchmarkContext,
  { port }: ServiceProcess,
  sent: readonly Sent[],
): Promise<Reading> {
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
