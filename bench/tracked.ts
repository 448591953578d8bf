import { randomUUID } from 'node:crypto'
import { reservationsPart } from '../src/inventory/placement.ts'
import { arrivals } from '../src/ledger/arrivals.ts'
import type { OrderDocument } from '../src/orders/document.ts'
import type { NewOrder } from '../src/orders/new-order.ts'
import { initialState } from '../src/orders/order.ts'
import { orderParts } from '../src/orders/placement-parts.ts'
import { createIntakeStore } from '../src/orders/store.ts'
import { readOrder } from '../src/orders/validate.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle } from './environment.ts'
import { type Figure, type Findings, median } from './figures.ts'
import { type IngestRun, runIngest } from './ingest-run.ts'
import { exampleOrders, fillTopic } from './orders-topic.ts'
import { poolOf, trackItems } from './tracked-items.ts'

const ordersDefault = 150_000
/** The items that the orders are of. */
const items = 10_000
/** Pairs of groups that are stored in the comparison without Kafka, and orders of a group. */
const pairs = 40
const warmUpPairs = 6
const groupOrders = 1_000

/** What reservations cost the intake: orders whose items are all tracked, over the same orders while nothing is. */
export async function benchTracked(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const orders = context.orders ?? ordersDefault
  const server = await environment.postgres()
  const kafka = await environment.kafka()
  const topic = `orders-${randomUUID().slice(0, 8)}`
  note(`tracked: putting ${orders} orders of ${items} items into Kafka`)
  const { lines } = await fillTopic(kafka.brokers, topic, orders, ofFewItems)
  const watched = { PostgreSQL: server.processId(), Kafka: kafka.pid }

  async function run(isTracked: boolean): Promise<IngestRun> {
    const address = await createDatabase(server)
    if (isTracked) await trackItems(address, items)
    await settle(address)
    note(`tracked: the service takes them in, ${isTracked ? 'every item is tracked' : 'nothing is tracked'}`)
    const options = { brokers: kafka.brokers, address, topic, orders, lines, withRelay: false, watched }
    const measured = await runIngest({ ...options, profileFolder: context.profileFolder, folder: environment.folder })
    await dropDatabase(server, address)
    return measured
  }

  const [before, tracked, after] = [await run(false), await run(true), await run(false)]
  const address = await createDatabase(server)
  note('tracked: groups of orders, with the part and without it')
  const store = await compareStores(address)
  await dropDatabase(server, address)
  const untracked = (before.ordersPerSecond + after.ordersPerSecond) / 2
  return {
    figures: [
      {
        what: 'stored, every item tracked',
        value: tracked.ordersPerSecond,
        unit: 'orders/s',
        against: { what: 'nothing is tracked', value: untracked },
        must: { of: 'ratio', atLeast: 0.7 },
      },
      ...processorFigures(tracked, [before, after]),
      {
        what: 'groups of 1,000, nothing tracked',
        value: store.withPart,
        unit: 'orders/s',
        against: { what: 'without reservations', value: store.without },
        must: { of: 'ratio', atLeast: 0.98 },
      },
    ],
    notes: [
      `${(lines / orders).toFixed(2)} lines an order, of ${items} items; without reservations ${Math.round(before.ordersPerSecond)} and ${Math.round(after.ordersPerSecond)} orders/s`,
      ...tracked.notes,
    ],
  }
}

/** Processor time, which says more than a rate where others use the machine. */
function processorFigures({ microseconds: tracked }: IngestRun, untracked: readonly IngestRun[]): Figure[] {
  if (tracked === undefined) return []
  return (['service', 'postgres'] as const).map(process => {
    const times = untracked.flatMap(({ microseconds }) => microseconds?.[process] ?? [])
    const what = `processor time of ${process === 'service' ? 'the service' : 'PostgreSQL'} for an order, every item tracked`
    return { what, value: tracked[process], unit: 'µs', against: { what: 'nothing is tracked', value: median(times) } }
  })
}

/** Has an order be of the items that are tracked. */
function ofFewItems(order: OrderDocument): OrderDocument {
  return { ...order, items: order.items.map(item => ({ ...item, chrt_id: 1 + (item.chrt_id % items) })) }
}

/**
 * Stores groups of orders, with the part of reservations and without it by turns: what else the machine and the database do falls on
 * both alike. @returns orders a second, by the median group
 */
async function compareStores(address: PostgresAddress): Promise<{ withPart: number; without: number }> {
  const pool = poolOf(address)
  const rules = { untracked: 'allow', heldMs: 3_600_000, lowStockDefault: 5 } as const
  const parts = [...orderParts, arrivals]
  const stores = {
    withPart: createIntakeStore(pool, [...parts, reservationsPart({ rules })]),
    without: createIntakeStore(pool, parts),
  }
  const timesMs = { withPart: [] as number[], without: [] as number[] }
  for (let pair = -warmUpPairs; pair < pairs; pair += 1) {
    for (const name of pair % 2 === 0 ? (['withPart', 'without'] as const) : (['without', 'withPart'] as const)) {
      const group = groupOf()
      const startedMs = performance.now()
      await stores[name].place(group)
      if (pair >= 0) timesMs[name].push(performance.now() - startedMs)
    }
  }
  await pool.end()
  const rate = (times: readonly number[]) => groupOrders / (median(times) / 1000)
  return { withPart: rate(timesMs.withPart), without: rate(timesMs.without) }
}

function groupOf(): NewOrder[] {
  const placedAt = new Date()
  const group = [...exampleOrders(groupOrders)].map((document, arrival) => {
    const reading = readOrder(Buffer.from(JSON.stringify(document)))
    if (reading.kind === 'refused') throw new Error('an example order is refused')
    return { order: reading.order, state: initialState(reading.order.isPaid), placedAt, arrival }
  })
  return group.sort((a, b) => (a.order.orderUid < b.order.orderUid ? -1 : 1))
}
