import { AppError } from '../errors.ts'
import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { copyBehind } from '../platform/copy-behind.ts'
import { createGroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import { command, inOneRoundTrip } from '../platform/round-trip.ts'
import { decideReports, type News, type NumberChanges, type ReceivedReport } from './number-reports.ts'
import {
  lockingNumbers,
  notifyingParcels,
  readingCheckpoints,
  readingParcels,
  readingShipments,
} from './parcel-queries.ts'
import { copyOfCheckpoints, copyOfParcels, updateCheckpoints, updateParcels } from './rows.ts'
import type { ParcelChange, TrackingPart } from './tracking-part.ts'

/** Reports about one number, in the order in which they came. */
export type NumberReports = Readonly<{ number: string; reports: readonly ReceivedReport[] }>

/** The one way for reports to be stored: those that come at the same time are written by one transaction. */
export type ReportWriter = Readonly<{
  /**
   * Stores reports about a number, and tells the modules that follow its parcels.
   *
   * @returns what was new in each report, when it is durable
   * @throws AppError ORDER_LOCKED when another transaction keeps an order whose parcel it is, OVERLOADED; the database's error
   */
  store(reports: NumberReports): Promise<readonly News[]>
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

export type ReportWriterOptions = Readonly<{
  pool: Pool
  now: () => number
  /** What other modules do when the state of parcels changes. */
  parts: () => readonly TrackingPart[]
  /** Called after the commit of what was new. */
  onCommitted: (changes: readonly NumberChanges[]) => void
}>

/** The most numbers that one transaction handles, how many transactions there are at a time, and how many reports wait. */
const limits = { groupMax: 500, writersMax: 2, waitingMax: 5_000 }

export function createReportWriter(options: ReportWriterOptions): ReportWriter {
  const writer = createGroupedWriter<NumberReports, readonly News[]>({
    what: 'reports of carriers',
    keyOf: ({ number }) => number,
    writeGroup: requests => writeGroup(options, requests),
    ...limits,
    busyError: () => new AppError('ORDER_LOCKED', 'another transaction has the order of the parcel'),
  })
  return { store: reports => writer.write(reports), close: deadlineMs => writer.close(deadlineMs) }
}

const busy = { kind: 'busy' } as const

/** Handles a group in one transaction. @returns what became of each */
async function writeGroup(
  options: ReportWriterOptions,
  requests: readonly NumberReports[],
): Promise<readonly Outcome<readonly News[]>[]> {
  const { pool, now, parts, onCommitted } = options
  const { outcomes, changes, after } = await withConnection(pool, async client => {
    const locked = await beginWithOrders(
      client,
      requests.map(({ number }) => number),
      parts(),
    )
    const state = await lockAndRead(
      client,
      requests.map(({ number }) => number),
    )
    const isFree = ({ number }: NumberReports) =>
      state.shipments.every(shipment => shipment.number !== number || locked.has(shipment.orderUid))
    const decided = requests.map(request => {
      if (!isFree(request)) return undefined
      const parcels = state.parcelsOf.get(request.number) ?? []
      return decideReports(request.number, request.reports, { ...state, parcels })
    })
    const changes = decided.filter(one => one !== undefined)
    const after = await saveAndCommit(client, changes, parts(), now())
    const outcomes = decided.map(
      (one): Outcome<readonly News[]> => (one === undefined ? busy : { kind: 'done', result: one.news }),
    )
    return { outcomes, changes, after }
  })
  for (const done of after) done()
  onCommitted(changes)
  return outcomes
}

/**
 * Begins a transaction and locks the orders whose parcels are reported: orders are locked before parcels everywhere.
 *
 * @returns the orders that it has now
 */
export async function beginWithOrders(
  client: PoolClient,
  numbers: readonly string[],
  parts: readonly TrackingPart[],
): Promise<ReadonlySet<string>> {
  const [, shipments] = await inOneRoundTrip(client, [
    command('begin isolation level read committed'),
    readingShipments(numbers),
  ])
  const orderUids = [...new Set(shipments.map(({ orderUid }) => orderUid))].toSorted()
  const locked = new Set(orderUids)
  if (orderUids.length === 0) return locked
  for (const part of parts) for (const orderUid of await part.lockOrders(client, orderUids)) locked.delete(orderUid)
  return locked
}

/** Locks numbers, and reads everything that is stored of them. */
export async function lockAndRead(client: PoolClient, numbers: readonly string[]) {
  const [, parcels, checkpoints, shipments] = await inOneRoundTrip(client, [
    lockingNumbers(numbers),
    readingParcels(numbers),
    readingCheckpoints(numbers),
    readingShipments(numbers),
  ])
  return { parcelsOf: Map.groupBy(parcels, ({ number }) => number), checkpoints, shipments }
}

/**
 * Writes changes, tells the parts, and commits.
 *
 * @returns what the parts do after the commit
 */
export async function saveAndCommit(
  client: PoolClient,
  changes: readonly Omit<NumberChanges, 'news'>[],
  parts: readonly TrackingPart[],
  nowMs: number,
): Promise<readonly (() => void)[]> {
  const told = changes.flatMap(one => one.told)
  const { events, after } = await tellParts(client, told, parts, nowMs)
  const created = changes.flatMap(one => one.created)
  const added = changes.flatMap(one => one.added)
  const updated = changes.flatMap(one => one.updated)
  const updates = [
    ...updateParcels(updated),
    ...notifyingParcels(updated),
    ...updateCheckpoints(changes.flatMap(one => one.changed)),
  ]
  const copies = [copyOfParcels(created), copyOfCheckpoints(added), copyOfEvents(events)].filter(
    ({ items }) => items > 0,
  )
  const end = events.length === 0 ? 'commit' : `${notifyOfEvents};\ncommit`
  if (updates.length + copies.length === 0) await client.query('commit')
  else await copyBehind(client, updates, copies, end)
  return after
}

async function tellParts(
  client: PoolClient,
  told: readonly ParcelChange[],
  parts: readonly TrackingPart[],
  nowMs: number,
): Promise<{ events: NewEvent[]; after: (() => void)[] }> {
  const events: NewEvent[] = []
  const after: (() => void)[] = []
  if (told.length === 0) return { events, after }
  for (const part of parts) {
    const { events: own, onCommitted } = await part.onParcelsChanged(client, told, nowMs)
    events.push(...own)
    if (onCommitted !== undefined) after.push(onCommitted)
  }
  return { events, after }
}
