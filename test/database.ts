import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { migrations } from '../src/database.ts'
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres/embedded-postgres.ts'
import { createLogger } from '../src/platform/log.ts'
import { migrate } from '../src/platform/migrations.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { endWithThisProcess } from './end-with-this-process.ts'

/** A database of one test (file); `drop` also ends the connections that are still open. */
export type TestDatabase = { address: PostgresAddress; drop(): Promise<void> }

type Migrate = (address: PostgresAddress) => Promise<unknown>

const prefix = `test_${process.pid}_${randomBytes(3).toString('hex')}`
const databases = new Set<string>()
const templates = new Map<Migrate, Promise<string>>()
let server: Promise<{ address: PostgresAddress; stop(): Promise<void> }> | undefined
let count = 0

/**
 * The PostgreSQL server of this test process, started on first use: the one that DB_HOST names, or an own one in a
 * temporary directory, which does not wait for the disk.
 *
 * @returns the address of a database to which one may connect in order to create others
 */
export async function testServer(): Promise<PostgresAddress> {
  server ??= process.env.DB_HOST ? Promise.resolve(namedServer(process.env.DB_HOST)) : startServer()
  return (await server).address
}

/**
 * A new database that is a copy of a migrated one.
 *
 * @param migrate makes the tables; it runs once a process, so give the same function each time; when it returns, its
 *   connections must be closed, for PostgreSQL does not copy a database that is in use
 */
export async function createTestDatabase(migrate: Migrate): Promise<TestDatabase> {
  let template = templates.get(migrate)
  if (!template) {
    template = createTemplate(migrate)
    templates.set(migrate, template)
    // One that fails is made again by the next file.
    template.catch(() => templates.delete(migrate))
  }
  const name = await createDatabase(await template)
  return { address: { ...(await testServer()), database: name }, drop: () => dropDatabase(name) }
}

const migrateAll: Migrate = address => migrate(address, migrations)

/** A new database with the tables of the service. */
export function createMigratedDatabase(): Promise<TestDatabase> {
  return createTestDatabase(migrateAll)
}

/** Stops the own server, or removes what this process created on the named one. For the end of the test process. */
export async function releaseTestServer() {
  if (!server) return
  const { stop } = await server
  if (process.env.DB_HOST) for (const name of databases) await dropDatabase(name)
  await stop()
  server = undefined
  databases.clear()
  templates.clear()
}

/** Drops the databases that are left, and ends their connections, so that none holds back the transactions of the next file. */
export async function dropTestDatabases() {
  const kept = new Set(await Promise.all(templates.values()))
  for (const name of databases) if (!kept.has(name)) await dropDatabase(name)
}

function namedServer(host: string) {
  const { DB_PORT = '5432', DB_USER = 'postgres', DB_PASSWORD, DB_NAME = 'postgres' } = process.env
  const address = { host, port: Number(DB_PORT), user: DB_USER, password: DB_PASSWORD, database: DB_NAME }
  return { address, stop: async () => undefined }
}

async function startServer() {
  const dataDir = mkdtempSync(join(tmpdir(), 'orders-test-'))
  const endWatch = endWithThisProcess(dataDir)
  const settings = {
    shared_buffers: '64MB',
    max_connections: '200',
    max_prepared_transactions: '4',
    max_wal_size: '256MB',
    min_wal_size: '80MB',
  }
  const log = createLogger({ level: 'error' })
  const { address, stop } = await startEmbeddedPostgres({
    dataDir,
    log,
    settings,
    database: 'postgres',
    durable: false,
  })
  return {
    address,
    stop: async () => {
      await stop()
      rmSync(dataDir, { recursive: true, force: true })
      endWatch()
    },
  }
}

async function createTemplate(migrate: Migrate): Promise<string> {
  const name = await createDatabase('template1')
  await migrate({ ...(await testServer()), database: name })
  return name
}

async function createDatabase(template: string): Promise<string> {
  count += 1
  const name = `${prefix}_${count}`
  await onServer(async client => {
    for (const until = Date.now() + 5_000; ; await sleep(20)) {
      try {
        return await client.query(`create database ${name} template ${template}`)
      } catch (error) {
        // A connection that was just closed counts as open until the server has noticed.
        const inUse = error instanceof DatabaseError && error.code === '55006'
        if (!inUse || Date.now() > until) throw error
      }
    }
  })
  databases.add(name)
  return name
}

async function dropDatabase(name: string) {
  databases.delete(name)
  await onServer(client => client.query(`drop database if exists ${name} with (force)`))
}

async function onServer(work: (client: Client) => Promise<unknown>) {
  const { password = '', ...address } = await testServer()
  const client = new Client({ ...address, password })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
