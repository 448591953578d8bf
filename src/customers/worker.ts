import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { continueErasure, type ErasureOptions } from './erase.ts'
import { findRunning } from './erasure-queries.ts'

const presetPauseMs = 5_000
/** Erasures that are found at a time, and how long each is worked at before the next one's turn. */
const erasuresMax = 20
const turnMs = 10_000

/** Finishes erasures that the request or command that began them has left, until told to stop. Several instances may do it at once. */
export async function runErasures(
  options: ErasureOptions & {
    log: Logger
    onFinished: (counts: Readonly<Record<string, number>>) => void
    pauseMs?: number
  },
  stop: AbortSignal,
): Promise<void> {
  const { pool, log, onFinished, pauseMs = presetPauseMs } = options
  const run = async () => {
    const running = await findRunning(pool, erasuresMax)
    for (const erasure of running) {
      const untilMs = performance.now() + turnMs
      const after = await continueErasure(options, erasure, () => performance.now() < untilMs && !stop.aborted)
      if (after.step === undefined) onFinished(after.counts)
    }
    return running.length > 0 ? 'more' : 'done'
  }
  await runPeriodically({ run, pauseMs, begins: 'with a pause', failure: 'a customer could not be erased', log }, stop)
}
