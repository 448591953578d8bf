import type { Module } from '../module.ts'
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
  variables: [staticDir, grafanaUrl],
  tags: { system: 'The service as it runs' },
}
