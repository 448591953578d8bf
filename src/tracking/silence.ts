import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import { type NumberChanges, toldOf } from './number-reports.ts'
import { afterSilence, type Parcel } from './parcel.ts'
import { readSilentNumbers } from './parcel-queries.ts'
import { beginWithNumbers } from './locked-numbers.ts'
import { saveAndCommit } from './report-writer.ts'
import type { TrackingPart } from './tracking-part.ts'

const pauseMs = 60_000
/** How many numbers one transaction handles. */
const numbersMax = 200
const dayMs = 86_400_000

export type SilenceOptions = Readonly<{
  pool: Pool
  now: () => number
  /** Whether the clock is right. Otherwise nothing is ended because of its age. */
  isClockRight: () => boolean
  silentDays: number
  parts: () => readonly TrackingPart[]
  /** Called after the commit, with how many parcels are expired now. */
  onCommitted: (parcels: number) => void
  log: Logger
}>

/** Ends the wait for parcels of which no news come, until told to stop. Every instance may do it. */
export async function runSilence(options: SilenceOptions, stop: AbortSignal): Promise<void> {
  const run = async () => ((await expireSilent(options)) < numbersMax ? 'done' : 'more')
  const failure = 'parcels without news could not be marked as expired'
  await runPeriodically({ run, pauseMs, failure, log: options.log }, stop)
}

/** Marks the parcels that have waited longest. @returns how many were due; those whose order is busy come again */
export async function expireSilent(options: SilenceOptions): Promise<number> {
  const { pool, now, isClockRight, silentDays, parts, onCommitted } = options
  if (!isClockRight()) return 0
  const dueMs = now() - silentDays * dayMs
  const numbers = await readSilentNumbers(pool, dueMs, numbersMax)
  if (numbers.length === 0) return 0
  const { expired, after } = await withConnection(pool, async client => {
    const { parcelsOf, shipmentsOf, isFree } = await beginWithNumbers(client, numbers, parts())
    const nowMs = now()
    const isDue = ({ number, waitingSinceMs, updatedAtMs }: Parcel) =>
      waitingSinceMs !== undefined && updatedAtMs <= dueMs && isFree(number)
    const due = [...parcelsOf.values()].flat().filter(isDue)
    const changes = due.map((before): Omit<NumberChanges, 'news'> => {
      const parcel = afterSilence(before, nowMs)
      const told = toldOf({ before, now: parcel, traceparent: undefined }, shipmentsOf.get(before.number) ?? [])
      return { created: [], updated: [{ before, after: parcel }], added: [], changed: [], told }
    })
    return { expired: changes.length, after: await saveAndCommit(client, changes, parts(), nowMs) }
  })
  for (const done of after) done()
  if (expired > 0) onCommitted(expired)
  return expired
}
