import { randomUUID } from 'node:crypto'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import type { KafkaMessage } from '../src/platform/kafka/client.ts'
import { consume } from '../src/platform/kafka/consumer.ts'
import { createLogger } from '../src/platform/log.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase } from './environment.ts'
import { type Figure, type Findings, percentile } from './figures.ts'
import { describeFailures, runLoad } from './load.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { startStreamReaders } from './streams.ts'
import { describeProcessors, watchProcessors } from './usage.ts'

const ratePerSecond = 1_000
const secondsDefault = 30
const warmUpSeconds = 3
const connections = 64
const partitions = 6
const arrivalDeadlineMs = 10_000

/**
 * The delay from an order's commit to the arrival of its event at a consumer of the events' topic, and at a reader of the live events,
 * at 1,000 orders a second. The time of an event is taken just before its transaction is written, so the delay includes the commit.
 */
export async function benchPublish(context: BenchmarkContext): Promise<Findings> {
  const { environment, note, seconds = secondsDefault } = context
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const brokers = kafka.brokers.split(',')
  const address = await createDatabase(server)
  const name = `publish-${randomUUID().slice(0, 8)}`
  const eventsTopic = `${name}.events`
  await ensureTopics({ brokers }, [{ name: eventsTopic, partitions }], 10_000)
  const service = await startServiceProcess({
    folder: environment.folder,
    environment: {
      ...databaseSettings(address),
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC: name,
      KAFKA_GROUP_ID: name,
      KAFKA_EVENTS_TOPIC: eventsTopic,
      KAFKA_DLQ_TOPIC: `${name}.dlq`,
    },
  })
  const arrivals = collectArrivals(brokers, eventsTopic)
  try {
    await arrivals.isReady
    note(`publish: ${ratePerSecond} orders a second for ${seconds} s`)
    const startedAtMs = Date.now() + warmUpSeconds * 1000
    const endWatch = watchProcessors({ service: service.pid, PostgreSQL: server.processId(), Kafka: kafka.pid })
    const requests = { kind: 'post-orders' } as const
    const events = ratePerSecond * seconds
    const stream = await startStreamReaders({ port: service.port, readers: 1, events, measuresDelays: true })
    const load = await runLoad({ port: service.port, connections, seconds, warmUpSeconds, ratePerSecond, requests })
    const processors = describeProcessors(endWatch(), load.generatorCores)
    await arrivals.until(load.succeeded)
    const delaysMs = arrivals.delaysMs(startedAtMs)
    const streamed = await stream.result
    const streamDelaysMs = streamed.delaysMs.slice(ratePerSecond * warmUpSeconds).toSorted((a, b) => a - b)
    return {
      figures: [
        ...delayFigures('to a Kafka consumer', delaysMs),
        { what: 'to a Kafka consumer, slowest', value: percentile(delaysMs, 1), unit: 'ms' },
        ...delayFigures('to a stream (SSE)', streamDelaysMs),
        { what: 'POST meanwhile, p99', value: load.p99Ms, unit: 'ms' },
      ],
      notes: [
        `${Math.round(load.perSecond)} orders/s were placed, and each event arrived; ${processors}`,
        ...[describeFailures(load) ?? []].flat(),
      ],
    }
  } finally {
    await arrivals.stop()
    await service.stop()
    await dropDatabase(server, address)
  }
}

function delayFigures(to: string, delaysMs: readonly number[]): Figure[] {
  return [
    {
      what: `${to}, p99`,
      value: percentile(delaysMs, 0.99),
      unit: 'ms',
      must: { of: 'value', atMost: 150 },
      aim: { of: 'value', atMost: 50 },
    },
    { what: `${to}, p50`, value: percentile(delaysMs, 0.5), unit: 'ms' },
  ]
}

type Arrival = { recordedAtMs: number; delayMs: number }

function collectArrivals(brokers: readonly string[], topic: string) {
  const stop = new AbortController()
  const ready = Promise.withResolvers<void>()
  const arrivals = new Map<string, Arrival>()
  const running = consume(
    {
      brokers: [...brokers],
      groupId: `${topic}-bench`,
      topic,
      clientId: 'bench',
      log: createLogger({ level: 'warn' }),
      onState: state => state === 'consuming' && ready.resolve(),
      async handle(messages) {
        const nowMs = Date.now()
        for (const message of messages) {
          const recordedAtMs = Date.parse(headerOf(message, 'ce_time'))
          arrivals.set(headerOf(message, 'ce_id'), { recordedAtMs, delayMs: nowMs - recordedAtMs })
        }
      },
    },
    stop.signal,
  )
  return {
    isReady: ready.promise,
    async until(count: number) {
      for (const deadline = Date.now() + arrivalDeadlineMs; arrivals.size < count; await Bun.sleep(50)) {
        if (Date.now() > deadline) throw new Error(`of ${count} events ${arrivals.size} arrived`)
      }
    },
    /** Of the events after an instant, ascending. */
    delaysMs: (fromMs: number) =>
      [...arrivals.values()]
        .filter(arrival => arrival.recordedAtMs >= fromMs)
        .map(arrival => arrival.delayMs)
        .toSorted((a, b) => a - b),
    async stop() {
      stop.abort()
      await running
    },
  }
}

function headerOf(message: KafkaMessage, name: string): string {
  return String(message.headers.find(([header]) => String(header) === name)?.[1])
}
