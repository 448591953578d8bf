import { DatabaseError } from 'pg'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import {
  decideMaintenance,
  type PartitionMaintenance,
  readLogState,
  type StepOptions,
  takeMaintenanceStep,
} from './partitions.ts'

export type MaintenanceOptions = StepOptions & {
  /** Hears what each look has found. */
  onLooked: (maintenance: PartitionMaintenance) => void
  log: Logger
}

const pauseMs = 60_000
const retryMs = 5_000

/** Does everything that is due about the partitions of the log; any number of instances may do it at once. */
export async function maintainPartitions(options: MaintenanceOptions): Promise<PartitionMaintenance> {
  const { pool, retentionDays, owing, now, log } = options
  const takeStep = () => takeMaintenanceStep(options)
  for (;;) {
    const maintenance = decideMaintenance(await readLogState(pool, owing), now(), retentionDays)
    const done =
      maintenance.step && (await takeStep().catch(error => (wasOvertaken(error) ? takeStep() : Promise.reject(error))))
    if (done === undefined) return maintenance
    log.info(done, 'the partitions of the event log were changed')
  }
}

/**
 * An event of a day that had no partition yet was written between the look at the default partition and the making of that
 * day's: PostgreSQL refuses the new one (23514). A second look finds the event and takes it along, with the log locked, so it is
 * not overtaken again.
 */
function wasOvertaken(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23514'
}

/**
 * Adds partitions to the log before they are needed, seals those that are past and drops those that are older than asked for,
 * until told to stop. What a reader still needs stays, and that is said.
 */
export async function runPartitionMaintenance(options: MaintenanceOptions, stop: AbortSignal): Promise<void> {
  const { log, onLooked } = options
  let heldBackBefore = ''
  const run = async () => {
    const maintenance = await maintainPartitions(options)
    onLooked(maintenance)
    const { heldBackBy, overdue } = maintenance
    const heldBack = `${heldBackBy} ${overdue}`
    if (overdue > 0 && heldBack !== heldBackBefore) {
      log.warn({ heldBackBy, partitions: overdue }, 'old events are kept, since readers of the log still need them')
    }
    heldBackBefore = heldBack
  }
  const failure = 'the partitions of the event log could not be maintained'
  await runPeriodically({ run, pauseMs, retryMs, failure, log }, stop)
}
