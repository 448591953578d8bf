import type { Module } from './module.ts'
import type { CheckResult } from './platform/integrity.ts'
import type { Logger } from './platform/log.ts'
import { Counter, Gauge, type Registry } from './platform/metrics.ts'
import { runPeriodically } from './platform/periodic.ts'
import type { Pool } from './platform/postgres.ts'
import type { Values } from './platform/variables.ts'
import { auditDatabase, auditedRules } from './verify.ts'

/** Rarely enough to be no load, often enough to notice a broken guarantee while the change that broke it is still known. */
const pauseMs = 60_000

export type AuditMetrics = { checked(results: readonly CheckResult[], nowMs: number): void }

/** @param nowMs when the service started, in milliseconds since 1970 */
export function createAuditMetrics(registry: Registry, modules: readonly Module[], nowMs: number): AuditMetrics {
  const registers = [registry]
  const violations = new Counter({
    name: 'invariant_violations_total',
    help: 'What of the newest was found to break a rule, by the name of the check; one may be found again',
    labelNames: ['invariant'],
    registers,
  })
  const checkedAt = new Gauge({
    name: 'invariants_checked_timestamp_seconds',
    help: 'When the newest orders were last checked; before that, when the service started',
    registers,
  })
  // A counter that begins at 0 shows its first step.
  for (const invariant of auditedRules(modules)) violations.inc({ invariant }, 0)
  checkedAt.set(nowMs / 1000)
  return {
    checked(results, atMs) {
      for (const { invariant, broken } of results) violations.inc({ invariant }, broken)
      checkedAt.set(atMs / 1000)
    },
  }
}

export type AuditOptions = {
  pool: Pool
  metrics: AuditMetrics
  modules: readonly Module[]
  value: Values['value']
  now: () => number
  log: Logger
  pauseMs?: number
}

/**
 * Checks what was written last once a minute, until told to stop: what is wrong is counted and logged. The whole database is left to
 * the command `verify`, which reads all of it. Every instance does this by itself.
 */
export async function runAudit(options: AuditOptions, stop: AbortSignal): Promise<void> {
  const { pool, metrics, modules, value, now, log } = options
  const run = async () => {
    const results = await auditDatabase(pool, modules, { value, nowMs: now() })
    metrics.checked(results, now())
    for (const result of results.filter(({ broken }) => broken > 0)) log.error(result, 'a guarantee is broken')
  }
  const failure = 'the guarantees could not be checked'
  // The pause comes first: after downtime overdue orders expire before they are reported.
  const task = { run, pauseMs: options.pauseMs ?? pauseMs, begins: 'with a pause', failure, log } as const
  await runPeriodically(task, stop)
}
