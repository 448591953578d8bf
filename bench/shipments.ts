import type { Client } from 'pg'
import { encodeTimedCursor } from '../src/platform/timed-cursor.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, withClient } from './environment.ts'
import type { Findings } from './figures.ts'
import { pageFindings, timePage, timeRounds } from './page-times.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { orderUidOf, type StoredShipments, storeShipments, trackingNumberOf } from './stored-shipments.ts'

const shipmentsDefault = 1_000_000
const rounds = 200
const warmUpRounds = 10
const pageSize = 100
const reference = 'a page by its keys, p99'

/**
 * Pages of GET /api/shipments by every filter, and by every two of them, by values that are common, rare, of long ago, and of none; half of the
 * pages from the beginning and half from anywhere in the list. A page is compared with the least it can cost: as many shipments, fetched from
 * PostgreSQL by their keys.
 */
export async function benchShipments(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const count = context.orders ?? shipmentsDefault
  const server = await environment.postgres()
  const address = await createDatabase(server)
  note(`shipments: writing ${count}`)
  const stored = await storeShipments(address, count)
  const service = await startServiceProcess({
    ...{ folder: environment.folder, profileFolder: context.profileFolder },
    environment: databaseSettings(address),
  })
  try {
    return await withClient(address, async client => {
      const cases = casesOf(stored, await readSamples(client, count))
      note(`shipments: ${rounds} rounds of ${cases.length} kinds of page`)
      const { times, processors } = await timeRounds(
        [
          { name: reference, time: () => timePageByKeys(client, count) },
          ...cases.map(({ name, query }) => ({
            name,
            time(round: number) {
              const parameters = { ...query(), ...(round % 2 === 0 ? { cursor: randomCursor(stored) } : {}) }
              return timePage(`${service.url}/api/shipments?${new URLSearchParams(parameters)}`)
            },
          })),
        ],
        { rounds, warmUpRounds, watched: { service: service.pid, PostgreSQL: server.processId() } },
      )
      return pageFindings(times, { of: `${count} shipments, pages of ${pageSize}`, processors })
    })
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

type Query = Record<string, string>
type Case = Readonly<{ name: string; query: () => Query }>
type Sample = Readonly<{ number: string; orderUid: string }>

function casesOf({ firstMs, lastMs }: StoredShipments, samples: readonly Sample[]): Case[] {
  const iso = (ms: number) => new Date(ms).toISOString()
  const span = lastMs - firstMs
  const anywhere = () => firstMs + Math.random() * span * 0.9
  const month = () => {
    const fromMs = anywhere()
    return { from: iso(fromMs), to: iso(fromMs + span / 12) }
  }
  const sample = () => samples[Math.floor(Math.random() * samples.length)] ?? { number: '', orderUid: '' }
  const fixed = (name: string, values: readonly string[]) =>
    values.map((value): Case => ({ name: `${name}=${value}`, query: () => ({ [name]: value }) }))
  const filters: Case[][] = [
    fixed('state', ['delivered', 'planned,packed', 'returned']),
    fixed('carrier', ['ups', 'pigeon', 'post', 'nobody']),
    fixed('location', ['main', 'depot', 'closed']),
    fixed('late', ['true']),
    fixed('silent', ['true']),
    [{ name: 'from and to', query: month }],
    [{ name: 'tracking_number', query: () => ({ tracking_number: sample().number }) }],
    [{ name: 'order_uid', query: () => ({ order_uid: sample().orderUid }) }],
  ]
  const pairs = filters.flatMap((some, index) =>
    filters
      .slice(index + 1)
      .flat()
      .flatMap(b =>
        some.map((a): Case => ({ name: `${a.name}, ${b.name}`, query: () => ({ ...a.query(), ...b.query() }) })),
      ),
  )
  return [
    { name: 'no filter', query: () => ({}) },
    { name: 'from', query: () => ({ from: iso(anywhere()) }) },
    { name: 'to', query: () => ({ to: iso(anywhere()) }) },
    ...filters.flat(),
    ...pairs,
  ]
}

/** A cursor is a position, so it need not come from a response. */
function randomCursor({ firstMs, lastMs }: StoredShipments): string {
  const atMs = Math.floor(firstMs + Math.random() * (lastMs - firstMs))
  return encodeTimedCursor({ atMs, id: 'shp_m' })
}

async function readSamples(client: Client, count: number): Promise<Sample[]> {
  const { rows } = await client.query<Sample>(
    `select ${trackingNumberOf('n')} as number, ${orderUidOf('n')} as "orderUid"
       from (select (1 + floor(random() * $1))::int as n from generate_series(1, 1000)) numbers`,
    [count],
  )
  return rows
}

async function timePageByKeys(client: Client, count: number): Promise<number> {
  const first = 1 + Math.floor(Math.random() * Math.max(count - pageSize, 1))
  const { rows } = await client.query<{ uids: string[] }>(
    `select array_agg(distinct ${orderUidOf('n')}) as uids from generate_series($1::int, $1::int + ${pageSize - 1}) n`,
    [first],
  )
  const startedMs = performance.now()
  for (const table of ['shipments', 'shipment_units', 'shipment_tracking_numbers'])
    await client.query(`select * from ${table} where order_uid = any($1)`, [rows[0]?.uids])
  return performance.now() - startedMs
}
