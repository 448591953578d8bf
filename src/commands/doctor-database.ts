import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import type { Config } from '../config.ts'
import { migrations } from '../database.ts'
import { findProgram } from '../platform/embedded-postgres/program.ts'
import { findRunningPostgres, findSetUpVersion } from '../platform/embedded-postgres/running.ts'
import { type PostgresAddress, withClient } from '../platform/postgres.ts'
import { reasonOf } from '../platform/reason.ts'
import type { Finding } from './doctor-finding.ts'

const answerDeadlineMs = 5_000

/** What was found of the database; `keys`: how many valid API keys it has, undefined when it could not be asked. */
type DatabaseFindings = { findings: Finding[]; keys: number | undefined }

/** Looks at the database without starting or changing anything. Does not throw. */
export async function checkDatabase({ database, dataDir }: Config): Promise<DatabaseFindings> {
  try {
    return database === undefined ? await checkOwn(dataDir) : await checkTheirs(database)
  } catch (error) {
    const where = database === undefined ? '' : `${database.database} on ${database.host}:${database.port}: `
    return { findings: [{ name: 'database', state: 'failed', detail: where + reasonOf(error) }], keys: undefined }
  }
}

async function checkOwn(dataDir: string): Promise<DatabaseFindings> {
  const program = findProgram()
  const running = await findRunningPostgres(dataDir)
  if (running !== undefined) {
    const owner = running.isOwned
      ? 'a service works with it'
      : 'a killed service left it, and the next start takes it over'
    const detail = `own PostgreSQL ${running.serverVersion} in ${dataDir} runs (process ${running.pid}): ${owner}`
    const inside = await look(running.address)
    return { findings: [{ name: 'database', state: 'ok', detail }, inside.tables], keys: inside.keys }
  }
  const found = findSetUpVersion(dataDir)
  const data = found === undefined ? 'the first start sets it up' : 'the next start starts it'
  const isOther = found !== undefined && found !== program.major
  const detail = isOther
    ? `the data in ${dataDir} are of PostgreSQL ${found}, and this service brings PostgreSQL ${program.major}`
    : `own PostgreSQL ${program.version} in ${dataDir}, not running now: ${data}`
  return { findings: [{ name: 'database', state: isOther ? 'failed' : 'off', detail }], keys: undefined }
}

async function checkTheirs(address: PostgresAddress): Promise<DatabaseFindings> {
  const { serverVersion, tables, keys } = await look(address)
  const detail = `PostgreSQL ${serverVersion}, ${address.database} on ${address.host}:${address.port} as ${address.user}`
  return { findings: [{ name: 'database', state: 'ok', detail }, tables], keys }
}

async function look(
  address: PostgresAddress,
): Promise<{ serverVersion: string; tables: Finding; keys: number | undefined }> {
  return withClient(address, 'orders doctor', answerDeadlineMs, async client => {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    const serverVersion = rows[0]?.server_version ?? 'of an unknown version'
    const applied = await readApplied(client)
    return { serverVersion, tables: tablesFinding(applied), keys: await countKeys(client) }
  })
}

/** The digests of the applied migrations by name; nothing before the first start. */
async function readApplied(client: Client): Promise<Map<string, string>> {
  const { rows: found } = await client.query(`select from pg_class where oid = to_regclass('schema_migrations')`)
  if (found.length === 0) return new Map()
  const { rows } = await client.query<{ name: string; digest: string }>('select name, digest from schema_migrations')
  return new Map(rows.map(({ name, digest }) => [name, digest]))
}

async function countKeys(client: Client): Promise<number> {
  const { rows: found } = await client.query(`select from pg_class where oid = to_regclass('api_keys')`)
  if (found.length === 0) return 0
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::int as count from api_keys where revoked_at is null',
  )
  return rows[0]?.count ?? 0
}

function tablesFinding(applied: ReadonlyMap<string, string>): Finding {
  const name = 'tables'
  const known = readdirSync(migrations)
    .filter(file => file.endsWith('.sql'))
    .sort()
  const changed = known.filter(file => {
    const digest = createHash('sha256')
      .update(readFileSync(join(migrations, file), 'utf8'))
      .digest('hex')
    return applied.has(file) && applied.get(file) !== digest
  })
  if (changed.length > 0) {
    return { name, state: 'failed', detail: `${changed.join(', ')} was changed after it was applied` }
  }
  const missing = known.filter(file => !applied.has(file))
  if (missing.length > 0) return { name, state: 'note', detail: `the next start applies ${missing.join(', ')}` }
  const newer = [...applied.keys()].filter(file => !known.includes(file))
  if (newer.length > 0) return { name, state: 'note', detail: `a newer version has applied ${newer.join(', ')}` }
  return { name, state: 'ok', detail: `up to date, ${applied.size} migrations` }
}
