import { createAuditMetrics, runAudit } from '../audit.ts'
import type { Context, Module, Running } from '../module.ts'
import { expireIdempotencyKeys } from '../platform/idempotency/expiry.ts'
import { pageRoutes } from '../platform/static-files.ts'
import { version } from '../version.ts'
import { documentationRoutes } from './documentation.ts'
import { eraseKeptAnswers } from './erasing.ts'
import { createHealth, healthRoutes } from './health.ts'
import { readLags } from './lags.ts'
import { metricsRoute, recordSystem } from './metrics.ts'
import { systemRoutes } from './system-routes.ts'
import { grafanaUrl, staticDir } from './variables.ts'

/** The service as it runs: health, metrics, documentation, the page, and what the platform keeps in the database. */
export const systemModule: Module = {
  name: 'system',
  title: 'System',
  tables: [
    { name: 'idempotency_answers', order: 'scope, key' },
    { name: 'idempotency_claims', leftOut: 'who works on a request just now; after a restore nobody does' },
    { name: 'schema_migrations', leftOut: 'an import applies the migrations, and so writes it itself' },
    { name: 'write_trials', leftOut: 'what readiness writes to see whether it can; nobody reads it' },
  ],
  erase: {
    columns: { idempotency_answers: ['body'], idempotency_claims: [], schema_migrations: [], write_trials: [] },
    steps: [eraseKeptAnswers],
  },
  exports: {
    idempotency_answers: { leftOut: 'answers that repeat for a day what the rows say' },
    idempotency_claims: { leftOut: 'requests that are handled at this moment' },
    schema_migrations: { leftOut: 'of the database itself' },
    write_trials: { leftOut: 'of the database itself' },
  },
  variables: [staticDir, grafanaUrl],
  tags: { system: 'The service as it runs' },
  start,
}

function start(context: Context): Running {
  const { pool, value, now, isClockRight, isLocal, log, registry, probes, dataDir, modules } = context
  recordSystem(registry, { version, probes, pool, dataDir })
  const readiness = createHealth({ probes, needed: ['database'], isStopping: context.isStopping })
  const audit = { pool, metrics: createAuditMetrics(registry, modules, now()), modules, value, now, log }
  return {
    routes: [
      ...healthRoutes(readiness),
      ...systemRoutes({
        version,
        startedAtMs: now(),
        readiness,
        lags: () => readLags(context),
        settings: context.settings,
        needsKey: () => !isLocal || !context.running().some(({ access }) => access?.isOpen()),
        grafanaUrl: value(grafanaUrl),
        pages: () => context.running().flatMap(({ page }) => page ?? []),
      }),
      metricsRoute(registry),
      ...documentationRoutes(context.documents),
      ...pageRoutes(value(staticDir)),
    ],
    workers: [
      { name: 'audit', run: stop => runAudit(audit, stop) },
      { name: 'expiry of idempotency keys', run: stop => expireIdempotencyKeys({ pool, isClockRight, log }, stop) },
    ],
  }
}
