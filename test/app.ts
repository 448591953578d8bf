import { type App, type AppOptions, buildApp } from '../src/app.ts'
import { migrations } from '../src/database.ts'
import { Notifier } from '../src/events/notifier.ts'
import type { Module } from '../src/module.ts'
import { createLogger } from '../src/platform/log.ts'
import { migrate } from '../src/platform/migrations.ts'
import { createPool, type Pool, type PostgresAddress } from '../src/platform/postgres.ts'
import { createTestDatabase } from './database.ts'
import { valuesOf } from './settings.ts'

const log = createLogger({ level: 'silent' })

const migrateOrders = (address: PostgresAddress) => migrate(address, migrations)

/** A migrated database of a test file, with a pool of connections to it. */
export async function createOrdersDatabase() {
  const database = await createTestDatabase(migrateOrders)
  const pool = createPool(database.address, { connectionsMax: 10, name: 'test', log })
  return {
    address: database.address,
    pool,
    async drop() {
      await pool.end()
      await database.drop()
    },
  }
}

export type TestApp = {
  app: App
  pool: Pool
  address: PostgresAddress
  /** Calls the app without a socket; a body that is no text or bytes is sent as JSON. */
  call(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Response>
  close(): Promise<void>
}

/**
 * The app on a database of its own, without sockets and Kafka.
 *
 * @param change options that the test needs otherwise; env: variables; modules: what the service is made of
 */
export async function createTestApp({
  env,
  modules,
  ...change
}: Partial<AppOptions> & { env?: Record<string, string>; modules?: readonly Module[] } = {}): Promise<TestApp> {
  const { pool, address, drop } = await createOrdersDatabase()
  const app = buildApp(
    {
      pool,
      log,
      now: Date.now,
      ...valuesOf({ STATIC_DIR: '/dev/null', WEBHOOKS_ALLOW_PRIVATE: 'true', ...env }, modules),
      basePath: '',
      dataDir: '/',
      probes: { database: async () => ({ state: 'up' }) },
      isStopping: () => false,
      isInStep: () => true,
      isLocal: true,
      settings: [],
      sendToTopic: undefined,
      logGrown: new Notifier(),
      ...change,
    },
    modules,
  )
  return {
    app,
    pool,
    address,
    async call(method, path, { body, headers = {} } = {}) {
      const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
      const init: RequestInit = { method, headers: { 'content-type': 'application/json', ...headers } }
      if (body !== undefined) init.body = isRaw ? (body as string) : JSON.stringify(body)
      return app.fetch(new Request(`http://localhost${path}`, init))
    },
    async close() {
      await app.intake.close(5_000)
      app.webhooks.sender.close()
      await drop()
    },
  }
}
