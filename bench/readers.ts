import { randomUUID } from 'node:crypto'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase } from './environment.ts'
import { type Findings, median } from './figures.ts'
import { runIngest } from './ingest-run.ts'
import { fillTopic } from './orders-topic.ts'

const ordersDefault = 150_000
const streamReaders = 100

/**
 * The cost of the log's readers for the intake under full load: ingest of a topic with the relay publishing, 100 readers of the live
 * events and a webhook, over the same without readers, which is measured before and after.
 */
export async function benchReaders(context: BenchmarkContext): Promise<Findings> {
  const { environment, note, profileFolder, orders = ordersDefault } = context
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const topic = `readers-${randomUUID().slice(0, 8)}`
  note(`readers: putting ${orders} orders into Kafka`)
  const { lines } = await fillTopic(kafka.brokers, topic, orders)

  async function run(areOn: boolean) {
    const address = await createDatabase(server)
    note(`readers: the service takes them in, ${areOn ? 'the readers on' : 'nobody reading'}`)
    const watched = { PostgreSQL: server.processId(), Kafka: kafka.pid }
    const measured = await runIngest({
      brokers: kafka.brokers,
      address,
      topic,
      orders,
      lines,
      withRelay: areOn,
      streamReaders: areOn ? streamReaders : 0,
      withWebhook: areOn,
      folder: environment.folder,
      profileFolder,
      watched,
    })
    await dropDatabase(server, address)
    return measured
  }

  const before = await run(false)
  const on = await run(true)
  const after = await run(false)
  const off = median([before.ordersPerSecond, after.ordersPerSecond])
  return {
    figures: [
      {
        what: `stored, relay, ${streamReaders} streams, a webhook`,
        value: on.ordersPerSecond,
        unit: 'orders/s',
        against: { what: 'stored, nobody reading', value: off },
        must: { of: 'ratio', atLeast: 0.7 },
      },
      { what: 'until the last stream had all of it', value: on.streamedSeconds ?? Number.NaN, unit: 's' },
    ],
    notes: [
      `nobody reading: ${Math.round(before.ordersPerSecond)} before and ${Math.round(after.ordersPerSecond)} orders/s after`,
      ...before.notes.slice(0, 1),
      `all of it was stored after ${(orders / on.ordersPerSecond).toFixed(1)} s`,
      ...on.notes,
      'every stream had every event',
    ],
  }
}
