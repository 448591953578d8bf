import { randomUUID } from 'node:crypto'
import { type Build, thisBuild } from './builds.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase } from './environment.ts'
import { type Figure, type Findings, median, type Unit } from './figures.ts'
import { runIngest } from './ingest-run.ts'
import { fillTopic } from './orders-topic.ts'
import { loadService } from './post.ts'

/** An odd number, so that the median is a run that there was. */
const pairs = 5
const ordersDefault = 150_000
const postSecondsDefault = 15

/** What one run of a build came to, by what was measured. */
type Run = Readonly<Record<string, { value: number; unit: Unit }>>

/** Kafka to stored and published, by two builds in turn: the same topic, server and broker, each run in a new database. */
export async function compareIngest(context: BenchmarkContext, other: Build): Promise<Findings> {
  const { environment, orders = ordersDefault } = context
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const topic = `orders-${randomUUID().slice(0, 8)}`
  context.note(`ingest: putting ${orders} orders into Kafka`)
  const { lines } = await fillTopic(kafka.brokers, topic, orders)
  const watched = { PostgreSQL: server.processId(), Kafka: kafka.pid }
  return takeTurns(context, 'ingest', other, async build => {
    const address = await createDatabase(server, build)
    const { folder } = environment
    const options = { brokers: kafka.brokers, address, topic, orders, lines, withRelay: true, watched, folder, build }
    const run = await runIngest({ ...options, profileFolder: undefined })
    await dropDatabase(server, address)
    return {
      stored: { value: run.ordersPerSecond, unit: 'orders/s' },
      'stored and published': { value: run.publishedPerSecond ?? Number.NaN, unit: 'orders/s' },
      ...perOrder(run.microseconds),
    }
  })
}

/** `POST /api/orders` by two builds in turn. */
export async function comparePost(context: BenchmarkContext, other: Build): Promise<Findings> {
  return takeTurns(context, 'post', other, async build => {
    const { result, microseconds } = await loadService(context, context.seconds ?? postSecondsDefault, build)
    return {
      'orders, 256 connections': { value: result.perSecond, unit: 'orders/s' },
      p99: { value: result.p99Ms, unit: 'ms' },
      ...perOrder(microseconds),
    }
  })
}

function perOrder(microseconds: { service: number; postgres: number } | undefined): Run {
  if (microseconds === undefined) return {}
  return {
    'processor time of the service for an order': { value: microseconds.service, unit: 'µs' },
    'processor time of PostgreSQL for an order': { value: microseconds.postgres, unit: 'µs' },
  }
}

/** Measures pairs of runs; which build comes first changes from pair to pair. @returns the medians, compared */
async function takeTurns(
  { note }: BenchmarkContext,
  benchmark: string,
  other: Build,
  measure: (build: Build) => Promise<Run>,
): Promise<Findings> {
  const [ours, theirs]: [Run[], Run[]] = [[], []]
  for (let pair = 1; pair <= pairs; pair += 1) {
    const turns = [
      { build: thisBuild, runs: ours },
      { build: other, runs: theirs },
    ]
    for (const { build, runs } of pair % 2 === 1 ? turns : turns.toReversed()) {
      note(`${benchmark}: pair ${pair} of ${pairs}, ${build.name}`)
      runs.push(await measure(build))
    }
  }
  const valuesOf = (runs: readonly Run[], what: string) => runs.map(run => run[what]?.value ?? Number.NaN)
  const figures = Object.entries(ours[0] ?? {}).map(
    ([what, { unit }]): Figure => ({
      what,
      value: median(valuesOf(ours, what)),
      unit,
      against: { what: other.name, value: median(valuesOf(theirs, what)) },
    }),
  )
  const notes = Object.entries(ours[0] ?? {}).map(([what, { unit }]) => {
    const [mine, its] = [ours, theirs].map(runs =>
      valuesOf(runs, what)
        .map(value => Math.round(value))
        .join(', '),
    )
    return `${what}, in the order of the pairs, ${unit}: ${mine}; ${other.name}: ${its}`
  })
  return { figures, notes: [`medians of ${pairs} pairs of runs in turn`, ...notes] }
}
