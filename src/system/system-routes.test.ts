import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { readConfig } from '../config.ts'
import { modules } from '../modules.ts'
import type { DependencyState } from './health.ts'

setDefaultTimeout(60_000)

const secrets = {
  DB_PASSWORD: 'correct-horse-battery',
  API_KEYS: 'sk_0123456789abcdefghijklmnop=admin',
}
const { settings } = readConfig(
  modules,
  { ...secrets, DB_HOST: '//somebody:hunter2@database', GRAFANA_URL: 'http://localhost:3000' },
  '/checkout',
)

let t: TestApp
let database: DependencyState = { state: 'up' }
beforeAll(async () => {
  t = await createTestApp({
    settings,
    env: { GRAFANA_URL: 'http://localhost:3000' },
    probes: { database: async () => database, kafka: async () => ({ state: 'off' }) },
  })
})
afterAll(() => t.close())

test('it shows the running service, with every variable and no secret', async () => {
  const response = await t.call('GET', '/api/system')
  expect(response.status).toBe(200)
  const text = await response.text()
  const system = JSON.parse(text)
  expect(system).toMatchObject({
    is_ready: true,
    dependencies: { database: { state: 'up' }, kafka: { state: 'off' } },
    lags: { relay_seconds: null, consumer_messages: null, webhooks_seconds: 0 },
    needs_key: false,
    grafana_url: 'http://localhost:3000/',
    pages: [{ title: 'Demo shop', path: '/shop/' }],
  })
  expect(Date.parse(system.started_at)).toBeLessThanOrEqual(Date.now())
  expect(system.memory_bytes).toBeGreaterThan(1_000_000)
  for (const secret of [...Object.values(secrets), 'sk_0123456789abcdefghijklmnop', 'hunter2']) {
    expect(text).not.toContain(secret)
  }
  const shown = new Map<string, object>(system.settings.map((setting: { name: string }) => [setting.name, setting]))
  const secret = { value: null, is_default: false, is_secret: true }
  expect(shown.get('DB_PASSWORD')).toMatchObject(secret)
  expect(shown.get('API_KEYS')).toMatchObject(secret)
  expect(shown.get('DB_HOST')).toMatchObject({ value: '//***@database', is_default: false, is_secret: false })
  expect(shown.get('SERVER_PORT')).toMatchObject({ value: '8080', is_default: true })
  expect(shown.size).toBe(settings.length)
})

test('it answers while the database is down, and says so', async () => {
  const away = await createTestApp({ probes: { database: async () => database } })
  database = { state: 'down', detail: 'no answer' }
  await away.close()
  const response = await away.call('GET', '/api/system')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    is_ready: false,
    dependencies: { database },
    lags: { relay_seconds: null, webhooks_seconds: null },
  })
  database = { state: 'up' }
})

test('it requires the scope admin', async () => {
  t.app.keys.replace([{ digest: 'of somebody', scopes: ['orders:read'] }])
  expect((await t.call('GET', '/api/system')).status).toBe(401)
  t.app.keys.replace([])
})
