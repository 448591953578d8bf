import { randomUUID } from 'node:crypto'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, createEmptyDatabase, dropDatabase } from './environment.ts'
import { type Figure, type Findings, residentFigures } from './figures.ts'
import { type IngestRun, runIngest } from './ingest-run.ts'
import { connectionsOneByOne, openOneByOne } from './one-by-one.ts'
import { exampleOrders, fillTopic } from './orders-topic.ts'
import { measureOriginalSchema } from './original-schema.ts'
import { measureRawCopy } from './raw-copy.ts'

const ordersDefault = 300_000
/** Enough for the slow one to settle, and few enough not to wait for minutes. */
const oneByOneOrdersMax = 30_000

/**
 * Kafka → checked → durable → readable: how fast the service ingests a topic, with the relay publishing every event at
 * the same time and with it held back, over a raw COPY of the very same rows and over one transaction an order.
 */
export async function benchIngest(context: BenchmarkContext): Promise<Findings> {
  const orders = context.orders ?? ordersDefault
  const { environment, note } = context
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const topic = `orders-${randomUUID().slice(0, 8)}`
  note(`ingest: putting ${orders} orders into Kafka`)
  const { lines, bytes } = await fillTopic(kafka.brokers, topic, orders)
  const watched = { PostgreSQL: server.processId(), Kafka: kafka.pid }

  async function run(withRelay: boolean): Promise<IngestRun & { copyPerSecond: number }> {
    const address = await createDatabase(server)
    note(`ingest: the service takes them in, ${withRelay ? 'with the relay' : 'the relay held back'}`)
    const profileFolder = context.profileFolder
    const options = { brokers: kafka.brokers, address, topic, orders, lines, withRelay, profileFolder, watched }
    const measured = await runIngest({ ...options, folder: environment.folder })
    note('ingest: a raw COPY of the rows it wrote')
    const copyPerSecond = orders / (await measureRawCopy(address, environment.folder))
    await dropDatabase(server, address)
    return { ...measured, copyPerSecond }
  }

  // The load of others on this machine comes and goes: COPY is measured after each run, and their mean is compared with.
  const alone = await run(false)
  const relayed = await run(true)
  const address = await createDatabase(server)
  note('ingest: one transaction an order')
  const count = Math.min(orders, oneByOneOrdersMax)
  const oneByOne = {
    whole: await measureOneByOne(address, count, false),
    bare: await measureOneByOne(address, count, true),
  }
  await dropDatabase(server, address)
  note('ingest: a raw COPY into the usual four tables')
  const empty = await createEmptyDatabase(server)
  const usual = await measureOriginalSchema(empty, environment.folder, orders)
  await dropDatabase(server, empty)
  const copy = (alone.copyPerSecond + relayed.copyPerSecond) / 2
  return {
    figures: figuresOf(alone, relayed, { copy, usual }, oneByOne),
    notes: [
      `${orders} orders of ${Math.round(bytes / orders)} bytes and ${(lines / orders).toFixed(2)} lines on average`,
      `raw COPY ${Math.round(alone.copyPerSecond)} and ${Math.round(relayed.copyPerSecond)} orders/s; the mean is compared with`,
      ...alone.notes,
      ...relayed.notes,
      'every order, line and event was found once in the database, and every event once on Kafka',
    ],
  }
}

function figuresOf(
  alone: IngestRun,
  relayed: IngestRun,
  { copy: copyPerSecond, usual }: { copy: number; usual: number },
  oneByOne: { whole: number; bare: number },
): Figure[] {
  const unit = 'orders/s'
  const copy = { what: 'raw COPY, one connection', value: copyPerSecond }
  const resident = Math.max(alone.residentMaxMib ?? 0, relayed.residentMaxMib ?? 0)
  return [
    {
      what: 'stored, the relay held back',
      value: alone.ordersPerSecond,
      unit,
      against: copy,
      must: { of: 'ratio', atLeast: 0.8 },
      aim: { of: 'ratio', atLeast: 1.2 },
    },
    {
      what: 'the same',
      value: alone.ordersPerSecond,
      unit,
      against: { what: `one transaction each, ${connectionsOneByOne} conn.`, value: oneByOne.whole },
      must: { of: 'ratio', atLeast: 8 },
      aim: { of: 'value', atLeast: 30_000 },
    },
    {
      what: 'the same',
      value: alone.ordersPerSecond,
      unit,
      against: { what: 'the same without sums and news', value: oneByOne.bare },
    },
    { what: 'stored, the relay competing', value: relayed.ordersPerSecond, unit, against: copy },
    {
      what: 'stored and published',
      value: relayed.publishedPerSecond ?? Number.NaN,
      unit,
      against: copy,
      must: { of: 'ratio', atLeast: 0.6 },
      aim: { of: 'ratio', atLeast: 0.9 },
    },
    {
      what: 'the same',
      value: relayed.publishedPerSecond ?? Number.NaN,
      unit,
      against: { what: 'raw COPY, four tables with foreign keys', value: usual },
      must: { of: 'ratio', atLeast: 1.4 },
      aim: { of: 'ratio', atLeast: 2 },
    },
    ...microsecondsOf('the relay held back', alone),
    ...microsecondsOf('published', relayed),
    ...residentFigures(resident === 0 ? undefined : resident),
  ]
}

/** Processor time, which says more than a rate where others use the machine. */
function microsecondsOf(what: string, { microseconds }: IngestRun): Figure[] {
  if (microseconds === undefined) return []
  return [
    { what: `processor time of the service for an order, ${what}`, value: microseconds.service, unit: 'µs' },
    { what: `processor time of PostgreSQL for an order, ${what}`, value: microseconds.postgres, unit: 'µs' },
  ]
}

async function measureOneByOne(address: PostgresAddress, count: number, isBare: boolean): Promise<number> {
  const store = await openOneByOne(address, isBare)
  const orders = Iterator.from([...exampleOrders(count)].map(order => Buffer.from(JSON.stringify(order))))
  const startedMs = performance.now()
  await Promise.all(
    Array.from({ length: connectionsOneByOne }, async () => {
      for (const order of orders) await store.place(order)
    }),
  )
  const seconds = (performance.now() - startedMs) / 1000
  await store.close()
  return count / seconds
}
