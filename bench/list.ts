import type { Client } from 'pg'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, withClient } from './environment.ts'
import type { Findings } from './figures.ts'
import { type ListCase, listCases, randomCursor, type Sample } from './list-cases.ts'
import { pageFindings, timePage, timeRounds } from './page-times.ts'
import { databaseSettings, startServiceProcess, withoutExpiry } from './service-process.ts'
import { type StoredOrders, storeOrders, uidOfNumber } from './stored-orders.ts'

const ordersDefault = 1_000_000
const rounds = 300
const warmUpRounds = 15
const pageSize = 100
const reference = 'a page by its keys, p99'

/**
 * Pages of GET /api/orders with every filter, half of them from the beginning and half from anywhere in the list. A page is
 * compared with the least it can cost: the same number of documents, fetched from PostgreSQL by their keys.
 */
export async function benchList(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const count = context.orders ?? ordersDefault
  const server = await environment.postgres()
  const address = await createDatabase(server)
  note(`list: writing ${count} orders`)
  const stored = await storeOrders(address, count, { withLines: false })
  const settings = { ...databaseSettings(address), ...withoutExpiry }
  const service = await startServiceProcess({ folder: environment.folder, environment: settings })
  try {
    return await withClient(address, async client => {
      const cases = listCases(stored, await readSamples(client, count))
      note(`list: ${rounds} rounds of ${cases.length} kinds of page`)
      const { times, processors } = await timeRounds(
        [
          { name: reference, time: () => timePageByKeys(client, count) },
          ...cases.map(one => ({ name: one.name, time: (round: number) => timeCase(service.url, one, stored, round) })),
        ],
        { rounds, warmUpRounds, watched: { service: service.pid, PostgreSQL: server.processId() } },
      )
      return pageFindings(times, { of: `${count} orders, pages of ${pageSize}`, processors })
    })
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

function timeCase(url: string, { query }: ListCase, stored: StoredOrders, round: number): Promise<number> {
  const cursor = round % 2 === 0 ? { cursor: randomCursor(stored) } : undefined
  return timePage(`${url}/api/orders?${new URLSearchParams({ ...query(), ...cursor })}`)
}

async function timePageByKeys(client: Client, count: number): Promise<number> {
  const { rows: uids } = await client.query<{ uid: string }>(
    `select ${uidOfNumber('number')} as uid from generate_series($1::int, $1::int + ${pageSize - 1}) as number`,
    [1 + Math.floor(Math.random() * Math.max(count - pageSize, 1))],
  )
  const startedMs = performance.now()
  const { rows } = await client.query<{ document: string }>('select document from orders where order_uid = any($1)', [
    uids.map(({ uid }) => uid),
  ])
  Buffer.from(rows.map(({ document }) => document).join(','))
  return performance.now() - startedMs
}

async function readSamples(client: Client, count: number): Promise<Sample[]> {
  const { rows } = await client.query<Sample>(
    `select order_uid as uid, track_number as "trackNumber", customer_id as "customerId" from orders
      where order_uid in (select ${uidOfNumber('(1 + floor(random() * $1))::int')} from generate_series(1, 1000))`,
    [count],
  )
  return rows
}
