import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import { advisoryLocks } from '../src/advisory-locks.ts'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import { createPublisher } from '../src/platform/kafka/publisher.ts'
import { createLogger } from '../src/platform/log.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { withClient } from './environment.ts'
import { followLog } from './log-progress.ts'
import { exampleOrders } from './orders-topic.ts'
import type { ServiceProcess } from './service-process.ts'
import { watchProcessors } from './usage.ts'

/** Parcels of orders, and what carriers report of them. */

/** What a parcel goes through: 7 checkpoints, of which real ones in test/samples/tracking have 6 on average. */
export const life = [
  'pre_transit',
  'picked_up',
  'in_transit',
  'in_transit',
  'in_transit',
  'out_for_delivery',
  'delivered',
] as const
/** A carrier reports the whole list again and again, by these lengths. */
export const reported = [2, 4, 6, 7]
const places = ['Lyon', 'Lyon', 'Dijon', 'Metz', 'Köln', 'Köln', 'Köln']
const partitions = 6
const messagesAtATime = 1_000
const senders = 32
const silenceMsMax = 60_000
const pollMs = 500

export type Sent = Readonly<{ order: string; number: string }>

/** Places orders and ships each of them by a number of its own. */
export async function shipParcels({ url }: ServiceProcess, count: number): Promise<Sent[]> {
  const headers = { 'content-type': 'application/json' }
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as { id: string }
  }
  const orders = [...exampleOrders(count)]
  const lines = orders.map(order => JSON.stringify(order)).join('\n')
  const placed = await fetch(`${url}/api/orders/batch`, {
    ...{ method: 'POST', body: lines, headers: { 'content-type': 'application/x-ndjson' } },
  })
  await placed.text()
  const left = orders.entries()
  const sent: Sent[] = []
  const send = async () => {
    for (const [index, { order_uid: order, items }] of left) {
      const number = `BENCH${String(index).padStart(9, '0')}`
      const rids = items.map(({ rid }) => rid)
      const { id } = await post(`/api/orders/${order}/shipments`, { rids, tracking_numbers: [{ number }] })
      await post(`/api/shipments/${id}/ship`, {})
      sent.push({ order, number })
    }
  }
  await Promise.all(Array.from({ length: senders }, send))
  return sent
}

/**
 * Puts the reports of all parcels into a topic: each parcel's first one, then each one's second. Between two of one parcel there are as
 * many as there are parcels, so that none meets another of its parcel in a group.
 */
export async function fillReports(brokers: string, topic: string, sent: readonly Sent[]): Promise<void> {
  await ensureTopics({ brokers: brokers.split(',') }, [{ name: topic, partitions }], 10_000)
  const log = createLogger({ level: 'warn' })
  const publisher = createPublisher({ brokers: brokers.split(','), clientId: 'bench', log })
  const startMs = Date.now() - life.length * 3_600_000
  const list = life.map((status, index) => ({
    ...{ code: `C${index}`, status, place: places[index] ?? '', text: `${status} at the usual place` },
    ...{ occurred_local: new Date(startMs + index * 3_600_000).toISOString().slice(0, 19), zone: '+00:00' },
  }))
  const reports = reported.flatMap(length => {
    const checkpoints = list.slice(0, length).toReversed()
    return sent.map(({ number }) => ({ tracking_number: number, carrier: 'bench', checkpoints }))
  })
  for (let index = 0; index < reports.length; index += messagesAtATime) {
    const messages = reports.slice(index, index + messagesAtATime).map(report => ({
      ...{ key: report.tracking_number, value: Buffer.from(JSON.stringify(report)) },
    }))
    await publisher.send(topic, messages, 30_000)
  }
  await publisher.close()
}

/** What the storing of a topic of reports has cost. */
export type Storing = Readonly<{
  /** New checkpoints a second, from the first commit to the last; one that is reported again does not count. */
  perSecond: number
  cores: Record<string, number> | undefined
  /** Processor time for a checkpoint, in microseconds, by process. */
  microseconds: Record<string, number> | undefined
}>

/** Watches parcels until they have all their checkpoints. */
export async function followParcels(
  address: PostgresAddress,
  wanted: number,
  watched: Record<string, number | undefined>,
): Promise<Storing> {
  return withClient(address, async client => {
    let first: { atMs: number; checkpoints: number; endWatch: ReturnType<typeof watchProcessors> } | undefined
    let latest = { atMs: performance.now(), checkpoints: 0 }
    for (;;) {
      const { rows } = await client.query<{ checkpoints: number }>(
        'select sum(checkpoints)::float8 as checkpoints from parcels',
      )
      const checkpoints = rows[0]?.checkpoints ?? 0
      const atMs = performance.now()
      if (checkpoints !== latest.checkpoints) latest = { atMs, checkpoints }
      if (first === undefined && checkpoints > 0) first = { atMs, checkpoints, endWatch: watchProcessors(watched) }
      if (first !== undefined && checkpoints >= wanted) {
        const perSecond = (checkpoints - first.checkpoints) / ((atMs - first.atMs) / 1000)
        const cores = first.endWatch()
        return { perSecond, cores, microseconds: microsecondsOf(cores, perSecond) }
      }
      if (atMs - latest.atMs > silenceMsMax) throw new Error(`no progress: ${checkpoints} of ${wanted} are stored`)
      await sleep(first === undefined ? 20 : pollMs)
    }
  })
}

function microsecondsOf(cores: Record<string, number> | undefined, perSecond: number) {
  if (cores === undefined) return undefined
  return Object.fromEntries(Object.entries(cores).map(([name, busy]) => [name, (busy * 1e6) / perSecond]))
}

/** Keeps every relay of a database waiting. @returns lets them go on */
export async function holdRelay(address: PostgresAddress): Promise<() => Promise<void>> {
  const client = new Client(address as ClientConfig)
  await client.connect()
  await client.query('select pg_advisory_lock($1)', [advisoryLocks.relay])
  return () => client.end()
}

/** Waits until the relay has published what is in the log. */
export async function untilPublished(address: PostgresAddress): Promise<void> {
  await withClient(address, async client => {
    const look = await followLog(client)
    const startedMs = performance.now()
    while (!(await look()).isPublished) {
      if (performance.now() - startedMs > silenceMsMax) throw new Error('the relay has not published the log in time')
      await sleep(pollMs)
    }
  })
}
