import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { Config } from './config.ts'
import { continuedElsewhere } from './events/log-home.ts'
import { settleLog } from './events/restored.ts'
import { type Backoff, backoffMs } from './platform/backoff.ts'
import { startEmbeddedPostgres } from './platform/embedded-postgres/embedded-postgres.ts'
import type { Logger } from './platform/log.ts'
import { MigrationError, migrate } from './platform/migrations.ts'
import type { PostgresAddress } from './platform/postgres.ts'
import { filesRoot } from './platform/root.ts'

/** The database of the configuration. */
export type Database = {
  address: PostgresAddress
  /** What it is, for a person. */
  description: string
  /** Stops it if it is our own. */
  stop(): Promise<void>
}

const connectBackoff: Backoff = { firstMs: 200, maxMs: 1_000 }

/** The folder of the SQL files that make the schema. */
export const migrations = join(filesRoot, 'migrations')

/**
 * The database of the configuration: theirs, or our own, started in `DATA_DIR`.
 *
 * @throws EmbeddedPostgresError, a sentence, when our own cannot run
 */
export async function openDatabase(config: Config, log: Logger, stop: AbortSignal): Promise<Database> {
  if (config.database !== undefined) {
    return { address: config.database, description: describeAddress(config.database), stop: async () => undefined }
  }
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir, log, signal: stop })
  return {
    address: server.address,
    description: `own PostgreSQL ${server.serverVersion} in ${config.dataDir}`,
    stop: () => server.stop(),
  }
}

/** Where a database is, for a person: 'orders on db.internal:5432'. */
export function describeAddress({ host, port, database }: PostgresAddress): string {
  return `${database} on ${host}:${port}`
}

/**
 * Migrates the schema, and settles the event log of a restored database. Waits for a database that does not answer yet.
 *
 * @param timeoutMs how long to wait for the database
 * @param upTo the last migration that is applied; all when undefined
 * @throws MigrationError, or the database's own refusal (of the password, say), or its silence after `timeoutMs`
 */
export async function bringUpToDate(
  address: PostgresAddress,
  log: Logger,
  timeoutMs: number,
  stop: AbortSignal,
  upTo?: string,
): Promise<string[]> {
  const giveUpAtMs = performance.now() + timeoutMs
  for (let failures = 0; ; failures += 1) {
    try {
      const applied = await migrate(address, migrations, upTo)
      // Tables that are brought up to date in part are not written to yet.
      if (upTo === undefined && (await settleLog(address)) === 'continued') log.warn(continuedElsewhere)
      return applied
    } catch (error) {
      // 57P03: the server is starting. Any other answer will be the same next time.
      const isAnswer = error instanceof DatabaseError && error.code !== '57P03'
      if (isAnswer || error instanceof MigrationError || performance.now() > giveUpAtMs) throw error
      if (failures === 0) log.warn({ err: error }, 'the database does not answer yet; waiting for it')
      await sleep(backoffMs(connectBackoff, failures + 1, Math.random()), undefined, { signal: stop })
    }
  }
}
