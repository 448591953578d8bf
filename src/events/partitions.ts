import { advisoryLocks } from '../advisory-locks.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { type Checkpoint, compareCheckpoints } from './checkpoint.ts'

/** The partitions of the log: when one is added, sealed and dropped. */

export type Partition = {
  name: string
  /** What it holds was recorded before then, in milliseconds since 1970. */
  untilMs: number
  /** The last checkpoint in it, once it takes no more events; null until then. */
  sealedAt: Checkpoint | null
}

export type LogState = {
  /** The database's clock, in milliseconds since 1970. */
  databaseNowMs: number
  /** Oldest first. */
  partitions: Partition[]
  /** What was recorded before then was dropped, in milliseconds since 1970; null: nothing was. */
  beginsMs: number | null
  /** The durable readers, and up to where each has dealt with the log. */
  readers: { name: string; checkpoint: Checkpoint }[]
  /** Readers that have passed events which they have yet to deliver. */
  owing: Owing[]
}

/** A reader that owes events, and when the oldest of them was recorded, in milliseconds since 1970. */
export type Owing = { name: string; sinceMs: number }

/** Reads which readers owe events. Modules that read the log and put events aside give one. */
export type ReadOwing = (client: Pool | PoolClient) => Promise<Owing[]>

export type MaintenanceStep = { kind: 'add'; untilMs: number } | { kind: 'seal' | 'drop'; name: string }

export type PartitionMaintenance = {
  /** What is to be done first; then one looks again. */
  step: MaintenanceStep | undefined
  /** Readers that still need what is due to be dropped. */
  heldBackBy: string[]
  /** How many partitions they hold back. */
  overdue: number
  /** What was recorded before then was dropped, in milliseconds since 1970; undefined: nothing was. */
  beginsMs: number | undefined
}

const dayMs = 86_400_000

/** How long before they are needed partitions are made: enough for an outage over a weekend. */
const aheadMs = 3 * dayMs

/** How long a partition takes late events: those of clocks that are behind. */
const sealAfterMs = dayMs

/** Where more days are kept, a partition has a month: every partition costs the readers of the old part of the log. */
const daysByDayMax = 60

/**
 * What is to be done about the partitions.
 *
 * @param nowMs the service's clock, in milliseconds since 1970. What is dropped must be old by its and by the database's
 * @param retentionDays how many days events are kept at least; undefined: for ever
 */
export function decideMaintenance(
  state: LogState,
  nowMs: number,
  retentionDays: number | undefined,
): PartitionMaintenance {
  const { databaseNowMs, partitions } = state
  const earlierMs = Math.min(nowMs, databaseNowMs)
  const laterMs = Math.max(nowMs, databaseNowMs)
  const isDue = ({ sealedAt, untilMs }: Partition) =>
    retentionDays !== undefined && sealedAt !== null && untilMs <= earlierMs - retentionDays * dayMs
  const due = partitions.filter(isDue)
  // They go from the oldest on, so that what is kept of an order has no gaps.
  const [oldest] = due
  const behind = state.readers.filter(({ checkpoint }) => isNeeded(oldest, checkpoint))
  const owing = state.owing.filter(({ sinceMs }) => oldest !== undefined && sinceMs < oldest.untilMs)
  const heldBackBy = [...new Set([...behind, ...owing].map(({ name }) => name))]
  const lastUntilMs = partitions.at(-1)?.untilMs ?? Number.POSITIVE_INFINITY
  const toSeal = partitions.find(one => one.sealedAt === null && one.untilMs <= databaseNowMs - sealAfterMs)
  const step: MaintenanceStep | undefined =
    lastUntilMs < laterMs + aheadMs
      ? { kind: 'add', untilMs: boundaryAfter(Math.max(lastUntilMs, laterMs), retentionDays) }
      : toSeal !== undefined
        ? { kind: 'seal', name: toSeal.name }
        : oldest !== undefined && heldBackBy.length === 0
          ? { kind: 'drop', name: oldest.name }
          : undefined
  return { step, heldBackBy, overdue: heldBackBy.length === 0 ? 0 : due.length, beginsMs: state.beginsMs ?? undefined }
}

function isNeeded(partition: Partition | undefined, checkpoint: Checkpoint): boolean {
  return (
    partition !== undefined && partition.sealedAt !== null && compareCheckpoints(partition.sealedAt, checkpoint) > 0
  )
}

/** The next midnight, or first day of a month, by UTC. */
function boundaryAfter(ms: number, retentionDays: number | undefined): number {
  const date = new Date(ms)
  return retentionDays === undefined || retentionDays > daysByDayMax
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
    : Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1)
}

/** What is known of the log: of its tables by one statement, and of what readers owe after it. */
export async function readLogState(client: Pool | PoolClient, owing: readonly ReadOwing[]): Promise<LogState> {
  const { rows } = await client.query<Omit<LogState, 'owing'>>(`
    select extract(epoch from now())::float8 * 1000 as "databaseNowMs",
           (select extract(epoch from recorded_before)::float8 * 1000 from event_log_start) as "beginsMs",
           coalesce((select json_agg(json_build_object(
                              'name', p.name,
                              'untilMs', extract(epoch from p.until_time)::float8 * 1000,
                              'sealedAt', case when s.partition is not null then
                                            json_build_object('xid', s.xid::text, 'position', s.position::text) end)
                            order by p.until_time)
                       from event_partitions p
                       left join event_seals s on s.partition = p.name), '[]') as partitions,
           coalesce((select json_agg(json_build_object('name', name, 'checkpoint',
                              json_build_object('xid', xid::text, 'position', position::text)) order by name)
                       from log_readers), '[]') as readers`)
  const [state] = rows
  if (state === undefined) throw new Error('the state of the log could not be read')
  const owed: Owing[] = []
  for (const read of owing) owed.push(...(await read(client)))
  return { ...state, owing: owed }
}

export type StepOptions = {
  pool: Pool
  /** How many days events are kept at least; undefined: for ever. */
  retentionDays: number | undefined
  owing: readonly ReadOwing[]
  now: () => number
  /** Whether the time can be relied on: otherwise nothing is sealed or dropped. */
  isClockRight: () => boolean
}

/** A change that does not get its locks in time is put off: writers queue up behind it. */
const lockTimeout = '500ms'

/**
 * Does what is to be done first about the partitions, if anything, in a transaction of its own.
 *
 * It needs no leader: the lock of the transaction makes instances take turns, and each looks again when it has it. Partitions
 * are not detached concurrently, since PostgreSQL cannot do that beside a default partition; instead a drop takes all its
 * locks for the moment that it takes, or does without until the next time.
 *
 * @returns what it has done; undefined when another instance is at it, or nothing is to be done
 * @throws the database's error, among others when others hold the table for too long
 */
export function takeMaintenanceStep(options: StepOptions): Promise<MaintenanceStep | undefined> {
  const { pool, retentionDays, owing, now, isClockRight } = options
  return inTransaction(pool, async client => {
    await client.query(`set local lock_timeout = '${lockTimeout}'`)
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_xact_lock($1) as held', [
      advisoryLocks.partitionMaintenance,
    ])
    if (rows[0]?.held !== true) return undefined
    const { step } = decideMaintenance(await readLogState(client, owing), now(), retentionDays)
    // An event of a later day can be taken into a partition that is added too early; nothing undoes the rest.
    if (step?.kind !== 'add' && !isClockRight()) return undefined
    if (step?.kind === 'add') await client.query('select add_event_partition($1)', [new Date(step.untilMs)])
    else if (step?.kind === 'seal') await client.query('select seal_event_partition($1)', [step.name])
    else if (step?.kind === 'drop') await client.query('select drop_event_partition($1)', [step.name])
    return step
  })
}
