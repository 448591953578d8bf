import { describe, expect, test } from 'bun:test'
import { createLogger } from './log.ts'
import { runPeriodically } from './periodic.ts'

const log = createLogger({ level: 'silent' })

/** Runs a task whose runs end as listed, and stops it after the last of them. @returns how long each pause was */
async function runAll(
  outcomes: readonly ('done' | 'more' | 'failed')[],
  options: { retryMs?: number; begins?: 'with a run' | 'with a pause' } = {},
) {
  const stop = new AbortController()
  const said: number[] = []
  let runs = 0
  const task = {
    ...options,
    pauseMs: 1,
    failure: 'it could not be done',
    log: { ...log, warn: (about: object) => void said.push((about as { failures: number }).failures) } as typeof log,
    async run() {
      const outcome = outcomes[runs]
      runs += 1
      if (runs === outcomes.length) stop.abort()
      if (outcome === 'failed') throw new Error('failed')
      return outcome === 'more' ? outcome : undefined
    },
  }
  const running = runPeriodically(task, stop.signal)
  const runsAtFirstPause = runs
  await running
  return { runs, said, runsAtFirstPause }
}

describe('periodic work', () => {
  test('runs until told to stop, at once or after a pause', async () => {
    expect(await runAll(['done', 'done', 'done'])).toMatchObject({ runs: 3, runsAtFirstPause: 1 })
    expect(await runAll(['done'], { begins: 'with a pause' })).toMatchObject({ runs: 1, runsAtFirstPause: 0 })
  })

  test('goes on after a failure, and logs fewer of them the more there are', async () => {
    const nine = Array.from({ length: 9 }, () => 'failed' as const)
    expect(await runAll([...nine, 'done', 'failed'])).toMatchObject({ runs: 11, said: [1, 2, 4, 8, 1] })
  })

  test('pauses longer and longer after failures, and not at all while there is more to do', async () => {
    const stop = new AbortController()
    let runs = 0
    const startedMs = performance.now()
    await runPeriodically(
      {
        pauseMs: 60_000,
        retryMs: 20,
        failure: 'it could not be done',
        log,
        async run() {
          runs += 1
          if (runs === 5) stop.abort()
          if (runs > 2) throw new Error('failed')
          return 'more'
        },
      },
      stop.signal,
      () => 0,
    )
    // 10 ms and 20 ms after two failures; neither the minute of a pause nor anything before that.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29)
    expect(performance.now() - startedMs).toBeLessThan(30_000)
  })

  test('ends at once when it is told to stop in a pause', async () => {
    const stop = new AbortController()
    const began = Promise.withResolvers<void>()
    const task = { pauseMs: 3_600_000, failure: '', log, run: async () => began.resolve() }
    const running = runPeriodically(task, stop.signal)
    await began.promise
    stop.abort()
    await running
  })
})
