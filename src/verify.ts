import type { Module } from './module.ts'
import { type CheckContext, type CheckResult, runCheck } from './platform/integrity.ts'
import type { Pool } from './platform/postgres.ts'

/** Checking millions of rows takes longer than any statement of the service. */
const wholeDeadlineMs = 3_600_000

/** An audit that takes longer says more about the database than about the rows. */
const newestDeadlineMs = 5_000

/** What a check of the whole database has found; `remarks`: what was looked at, for a person. */
export type Verification = { results: CheckResult[]; remarks: string[] }

/**
 * Checks every rule that the database alone can be asked for, on a live database and without changing anything. What cannot be
 * noticed this way is listed in docs/verify.md.
 *
 * @param modules whose rules are checked
 * @param options connectionsMax: how many checks run at a time, one unless given; onProgress: is called with what was done, in a few words
 */
export async function verifyDatabase(
  pool: Pool,
  modules: readonly Module[],
  options: CheckContext & { connectionsMax?: number; onProgress?: (sentence: string) => void },
): Promise<Verification> {
  const { connectionsMax = 1 } = options
  const parts = modules.flatMap(module => partsOf(pool, module, options))
  const found: Part[] = []
  // One queue for all: where a check fails, none is begun any more.
  const queue = queueOf(parts)
  const work = async () => {
    for (const [index, check] of queue) found[index] = await check()
  }
  await Promise.all(Array.from({ length: connectionsMax }, work))
  return {
    results: found.flatMap(({ results }) => results),
    remarks: found.flatMap(({ remark }) => remark ?? []),
  }
}

/** What one inspection or one check has found. */
type Part = { results: CheckResult[]; remark?: string }

function* queueOf<Value>(values: readonly Value[]): Generator<[number, Value]> {
  yield* values.entries()
}

function partsOf(
  pool: Pool,
  { inspections = [], checks = [] }: Module,
  options: CheckContext & { onProgress?: (sentence: string) => void },
): (() => Promise<Part>)[] {
  const { onProgress } = options
  const deadlineMs = wholeDeadlineMs
  return [
    ...inspections.map(inspection => () => inspection.run(pool, { deadlineMs, newest: false, onProgress })),
    ...checks.flatMap(check => {
      const values = check.values === undefined ? [] : check.values(options)
      if (values === undefined) return []
      return async () => {
        const result = await runCheck(pool, check, { values, deadlineMs })
        onProgress?.(`checked: ${check.sentence}`)
        return { results: [result] }
      }
    }),
  ]
}

/** Checks the rules that are audited on what was written last; takes some ten milliseconds, however much is stored. */
export async function auditDatabase(
  pool: Pool,
  modules: readonly Module[],
  options: CheckContext,
): Promise<CheckResult[]> {
  const audited: CheckResult[] = []
  const deadlineMs = newestDeadlineMs
  for (const { inspections = [], checks = [], newest = '' } of modules) {
    for (const inspection of inspections) {
      audited.push(...(await inspection.run(pool, { deadlineMs, newest: true })).results)
    }
    for (const check of checks.filter(({ audited }) => audited !== undefined)) {
      const values = check.values === undefined ? [] : check.values(options)
      if (values === undefined) continue
      const among = check.audited === 'newest' ? newest : ''
      audited.push(await runCheck(pool, check, { values, deadlineMs, newest: among }))
    }
  }
  return audited
}

/** The names of the rules that the audit checks. */
export function auditedRules(modules: readonly Module[]): string[] {
  return modules.flatMap(({ inspections = [], checks = [] }) => [
    ...inspections.flatMap(({ rules }) => rules.map(({ name }) => name)),
    ...checks.filter(({ audited }) => audited !== undefined).map(({ name }) => name),
  ])
}
