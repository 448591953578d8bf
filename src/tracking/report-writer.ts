import { AppError } from '../errors.ts'
import { copyOfEvents, notifyOfEvents } from '../events/append.ts'
import { copyBehind } from '../platform/copy-behind.ts'
import { createGroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import type { Checkpoint } from './checkpoint.ts'
import { beginWithNumbers, type LockedNumbers, readCheckpoints } from './locked-numbers.ts'
import {
  decideReports,
  knownByReports,
  type ListedReport,
  listed,
  type News,
  type NumberChanges,
  type ReceivedReport,
} from './number-reports.ts'
import { type Parcel, parcelKey } from './parcel.ts'
import { notifyingParcels } from './parcel-queries.ts'
import { copyOfCheckpoints, parcelsTable, updateCheckpoints } from './rows.ts'
import type { Following, ParcelChange, TrackingPart } from './tracking-part.ts'

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
  { pool, now, parts, onCommitted }: ReportWriterOptions,
  requests: readonly NumberReports[],
): Promise<readonly Outcome<readonly News[]>[]> {
  const given = requests.map(({ number, reports }) => ({ number, reports: reports.map(listed) }))
  const { outcomes, changes, after } = await withConnection(pool, async client => {
    const numbers = given.map(({ number }) => number)
    const locked = await beginWithNumbers(client, numbers, parts())
    const free = given.filter(({ number }) => locked.isFree(number))
    const checkpoints = await knownCheckpoints(client, free, locked)
    const decided = given.map(({ number, reports }) => {
      if (!locked.isFree(number)) return undefined
      const parcels = locked.parcelsOf.get(number) ?? []
      return decideReports(number, reports, {
        parcels,
        checkpoints,
        shipments: locked.shipmentsOf.get(number) ?? [],
      })
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

/** The stored checkpoints of parcels: most reports say them again, and the others are read. */
async function knownCheckpoints(
  client: PoolClient,
  given: readonly { number: string; reports: readonly ListedReport[] }[],
  { parcelsOf }: LockedNumbers,
): Promise<ReadonlyMap<string, readonly Checkpoint[]>> {
  const known = new Map<string, readonly Checkpoint[]>()
  const others: Parcel[] = []
  for (const { number, reports } of given) {
    for (const parcel of parcelsOf.get(number) ?? []) {
      const checkpoints = knownByReports(parcel, reports)
      if (checkpoints === undefined) others.push(parcel)
      else known.set(parcelKey(parcel), checkpoints)
    }
  }
  if (others.length === 0) return known
  return new Map([...known, ...(await readCheckpoints(client, others))])
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
  const following = await tellParts(client, told, parts, nowMs)
  const events = following.flatMap(one => one.events)
  const updated = changes.flatMap(one => one.updated)
  const updates = [
    ...parcelsTable.update(updated),
    ...updateCheckpoints(changes.flatMap(one => one.changed)),
    ...following.flatMap(one => one.updates ?? []),
    ...notifyingParcels(updated.map(({ after }) => after)),
  ]
  const copies = [
    parcelsTable.copyOf(changes.flatMap(one => one.created)),
    copyOfCheckpoints(changes.flatMap(one => one.added)),
    ...following.flatMap(one => one.rows ?? []),
    copyOfEvents(events),
  ].filter(({ items }) => items > 0)
  const end = events.length === 0 ? 'commit' : `${notifyOfEvents};\ncommit`
  if (updates.length + copies.length === 0) await client.query('commit')
  else await copyBehind(client, updates, copies, end)
  return following.flatMap(({ onCommitted }) => onCommitted ?? [])
}

async function tellParts(
  client: PoolClient,
  told: readonly ParcelChange[],
  parts: readonly TrackingPart[],
  nowMs: number,
): Promise<readonly Following[]> {
  const following: Following[] = []
  if (told.length === 0) return following
  for (const part of parts) following.push(await part.onParcelsChanged(client, told, nowMs))
  return following
}
