import type { KeyRing } from '../src/access/keys.ts'
import { accessApi } from '../src/access/module.ts'
import { type App, type AppOptions, buildApp } from '../src/app.ts'
import type { EventFeed } from '../src/events/feed.ts'
import { eventsApi } from '../src/events/module.ts'
import { NewestRead } from '../src/events/newest-read.ts'
import { Notifier } from '../src/events/notifier.ts'
import type { EventLog } from '../src/events/stream-definition.ts'
import type { Messaging, Module, TopicHandler } from '../src/module.ts'
import { type OrdersApi, ordersApi } from '../src/orders/module.ts'
import { orderStream } from '../src/orders/order-stream.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool, type Pool, type PostgresAddress } from '../src/platform/postgres.ts'
import type { WebhookMetrics } from '../src/webhooks/metrics.ts'
import { webhooksApi } from '../src/webhooks/module.ts'
import type { Sender } from '../src/webhooks/sender.ts'
import { createMigratedDatabase } from './database.ts'
import { valuesOf } from './settings.ts'

const log = createLogger({ level: 'silent' })

/** The log of a database as the service reads it. */
export function eventLogOf(pool: Pool): EventLog {
  return { pool, streams: [orderStream], newest: new NewestRead() }
}

/** A migrated database of a test file, with a pool of connections to it. */
export async function createOrdersDatabase() {
  const database = await createMigratedDatabase()
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

/** The app, with what its modules offer. */
type OpenApp = App &
  OrdersApi & {
    eventLog: EventLog
    handlers: readonly TopicHandler[]
    keys: KeyRing
    feed: EventFeed
    webhooks: { sender: Sender; metrics: WebhookMetrics }
  }

export type TestApp = {
  app: OpenApp
  pool: Pool
  address: PostgresAddress
  /** Calls the app without a socket; a body that is no text or bytes is sent as JSON. */
  call(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Response>
  close(): Promise<void>
}

/** Of a test that connects by its pool alone. */
const noAddress: PostgresAddress = { host: '', port: 0, user: '', password: undefined, database: '' }

/** What a test needs otherwise than others: options of the app, variables, and the modules that the service is made of. */
type Change = Partial<AppOptions> & { env?: Record<string, string>; modules?: readonly Module[] }

/** The app on a database that is there, without sockets and Kafka. */
export function appOn(pool: Pool, { env, modules, ...change }: Change = {}): OpenApp {
  const app = buildApp(
    {
      pool,
      address: noAddress,
      log,
      now: Date.now,
      ...valuesOf(
        {
          STATIC_DIR: '/dev/null',
          SHOP_DIR: '/dev/null',
          TRACKING_PAGE_DIR: '/dev/null',
          WEBHOOKS_ALLOW_PRIVATE: 'true',
          ...env,
        },
        modules,
      ),
      basePath: '',
      dataDir: '/',
      probes: { database: async () => ({ state: 'up' }) },
      isStopping: () => false,
      isInStep: () => true,
      isLocal: true,
      settings: [],
      logGrown: new Notifier(),
      ...change,
    },
    modules,
  )
  const { context } = app
  const { keys } = accessApi.of(context)
  const { feed } = eventsApi.of(context)
  const handlers = app.running.flatMap(({ handlers = [] }) => handlers)
  return {
    ...app,
    ...ordersApi.of(context),
    eventLog: context.eventLog,
    handlers,
    keys,
    feed,
    webhooks: webhooksApi.of(context),
  }
}

/** The app on a database of its own, without sockets and Kafka. */
export async function createTestApp(change: Change = {}): Promise<TestApp> {
  const { pool, address, drop } = await createOrdersDatabase()
  const app = appOn(pool, { address, ...change })
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
      for (const { drain } of app.running) await drain?.(5_000)
      for (const { close } of app.running) close?.()
      await drop()
    },
  }
}

/** A way to Kafka that leads nowhere. */
export const silentMessaging: Messaging = {
  send: async () => undefined,
  publisher: () => ({ send: async () => undefined, close: async () => undefined }),
  messagesBehind: () => 0,
}
