import { randomUUID } from 'node:crypto'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase } from './environment.ts'
import type { Findings } from './figures.ts'
import { runIngest } from './ingest-run.ts'
import { fillTopic } from './orders-topic.ts'
import { storeOrders } from './stored-orders.ts'

const storedDefault = 5_000_000
const ordersIn = 200_000

/**
 * Whether the intake keeps its pace: from Kafka into a database that holds millions of orders, over the same into an empty
 * one, which is measured before and after. The relay is held back, for it would publish the millions first.
 */
export async function benchGrowth(context: BenchmarkContext): Promise<Findings> {
  const { environment, note, profileFolder } = context
  const storedCount = context.orders ?? storedDefault
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const topic = `growth-${randomUUID().slice(0, 8)}`
  const { lines } = await fillTopic(kafka.brokers, topic, ordersIn)

  async function run(ordersBefore: number) {
    const address = await createDatabase(server)
    let linesBefore = 0
    if (ordersBefore > 0) {
      note(`growth: writing ${ordersBefore} orders`)
      linesBefore = (await storeOrders(address, ordersBefore, { withLines: true })).lines
    }
    note(`growth: ${ordersIn} orders into a database of ${ordersBefore}`)
    const measured = await runIngest({
      brokers: kafka.brokers,
      address,
      topic,
      orders: ordersIn,
      ordersBefore,
      lines: lines + linesBefore,
      withRelay: false,
      folder: environment.folder,
      profileFolder,
      watched: { PostgreSQL: server.processId(), Kafka: kafka.pid },
    })
    await dropDatabase(server, address)
    return measured
  }

  const before = await run(0)
  const full = await run(storedCount)
  const after = await run(0)
  return {
    figures: [
      {
        what: `stored, at ${storedCount} orders`,
        value: full.ordersPerSecond,
        unit: 'orders/s',
        against: { what: 'stored, at none', value: (before.ordersPerSecond + after.ordersPerSecond) / 2 },
        must: { of: 'ratio', atLeast: 0.8 },
        aim: { of: 'ratio', atLeast: 0.95 },
      },
    ],
    notes: [
      `at none ${Math.round(before.ordersPerSecond)} and ${Math.round(after.ordersPerSecond)} orders/s; the mean is compared with`,
      ...full.notes,
    ],
  }
}
