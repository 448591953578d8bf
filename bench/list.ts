import type { Client } from 'pg'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, withClient } from './environment.ts'
import { type Figure, type Findings, percentile } from './figures.ts'
import { type ListCase, listCases, randomCursor, type Sample } from './list-cases.ts'
import { databaseSettings, startServiceProcess, withoutExpiry } from './service-process.ts'
import { type StoredOrders, storeOrders, uidOfNumber } from './stored-orders.ts'

const ordersDefault = 1_000_000
const rounds = 300
const warmUpRounds = 15
const pageSize = 100
const limitMs = 10
const reference = 'a page by its keys, p99'

type Sampled = { name: string; timesMs: number[] }

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
      const byKeys: Sampled = { name: reference, timesMs: [] }
      const sampled = cases.map((one): Sampled => ({ name: one.name, timesMs: [] }))
      for (let round = -warmUpRounds; round < rounds; round++) {
        // Each kind once a round: what else the machine does then falls on all of them alike.
        const timesMs = [await timePageByKeys(client, count)]
        for (const one of cases) timesMs.push(await timePage(service.url, one, stored, round))
        if (round < 0) continue
        for (const [index, ms] of timesMs.entries()) [byKeys, ...sampled][index]?.timesMs.push(ms)
      }
      return findingsOf(byKeys, sampled, count)
    })
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

async function timePage(url: string, { name, query }: ListCase, stored: StoredOrders, round: number): Promise<number> {
  const cursor = round % 2 === 0 ? { cursor: randomCursor(stored) } : undefined
  const parameters = new URLSearchParams({ ...query(), ...cursor })
  const startedMs = performance.now()
  const answer = await fetch(`${url}/api/orders?${parameters}`)
  await answer.arrayBuffer()
  const ms = performance.now() - startedMs
  if (answer.status !== 200) throw new Error(`the page "${name}" was answered with ${answer.status}`)
  return ms
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

function findingsOf(byKeys: Sampled, sampled: readonly Sampled[], count: number): Findings {
  const p = ({ timesMs }: Sampled, share: number) =>
    percentile(
      timesMs.toSorted((a, b) => a - b),
      share,
    )
  const against = { what: reference, value: p(byKeys, 0.99) }
  const figures = sampled.map(
    (one): Figure => ({
      what: `${one.name}, p99`,
      value: p(one, 0.99),
      unit: 'ms',
      against,
      must: { of: 'value', atMost: limitMs },
      aim: { of: 'value', atMost: 3 },
    }),
  )
  const medians = [byKeys, ...sampled].map(one => `${one.name.replace(', p99', '')} ${p(one, 0.5).toFixed(1)}`)
  const slow = (share: number) => {
    const names = sampled.filter(one => p(one, share) >= limitMs).map(one => one.name)
    return names.length === 0 ? 'none' : names.join('; ')
  }
  const isBusy = against.value >= limitMs
  return {
    figures,
    notes: [
      `${count} orders, pages of ${pageSize}, ${rounds} requests each, one at a time, every other from anywhere in the list`,
      `p50 in ms: ${medians.join(', ')}`,
      `${limitMs} ms or more at p50: ${slow(0.5)}`,
      `${limitMs} ms or more at p99: ${slow(0.99)}`,
      ...(isBusy
        ? ['the machine was busy with others: even a page by its keys took that long at p99; look at p50']
        : []),
    ],
  }
}
