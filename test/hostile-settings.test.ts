import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from './database.ts'
import { queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { environmentOf, runCommand } from './run-cli.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

setDefaultTimeout(120_000)
afterEach(() => endServices())

/** Values that other programs may want for a database that they share, each of which changes what a naive program reads or does. */
const hostile = [
  "datestyle = 'German, DMY'",
  "timezone = 'Asia/Kathmandu'",
  "intervalstyle = 'iso_8601'",
  "bytea_output = 'escape'",
  'extra_float_digits = -15',
  'array_nulls = off',
  'standard_conforming_strings = off',
  'quote_all_identifiers = on',
  "client_encoding = 'LATIN1'",
  "default_transaction_isolation = 'serializable'",
  'default_transaction_deferrable = on',
  'synchronous_commit = off',
  "statement_timeout = '1s'",
  "lock_timeout = '1ms'",
  "idle_in_transaction_session_timeout = '300ms'",
  "idle_session_timeout = '1s'",
  "transaction_timeout = '1s'",
]

const folder = mkdtempSync(join(tmpdir(), 'hostile-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function emptyDatabase(settings: readonly string[]) {
  const { address } = await createTestDatabase(leaveEmpty)
  for (const setting of settings) await queryDatabase(address, `alter database ${address.database} set ${setting}`)
  return address
}

async function leaveEmpty(): Promise<void> {}

/** What an answer is made of: values that differ between two runs are left out, and how a time is written is not. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, shapeOf(inside)]))
  }
  if (typeof value !== 'string') return value === null ? null : typeof value
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) ? 'time' : 'text'
}

/** Of what depends on the moment, such as lags and deliveries, only the status is compared. */
function answerOf(path: string, status: number, body: string): unknown[] {
  return [status, ...(/^.api.(orders|events|overview)/.test(path) ? [shapeOf(JSON.parse(body))] : [])]
}

/** Does the same with a service each time. @returns what was answered, by request */
async function walk(url: string): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>()
  const headers = { 'content-type': 'application/json' }
  const ask = async (method: string, path: string, body?: unknown) => {
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await fetch(url + path, init)
    const text = await response.text()
    answers.set(`${answers.size} ${method} ${path}`, answerOf(path, response.status, text))
    return text
  }
  const orders = makeOrders(4, 'hostile').map(order => ({
    ...order,
    customer_id: 'c\\1 ü',
    date_created: '2026-03-04T05:06:07Z',
  }))
  for (const order of orders) await ask('POST', '/api/orders', order)
  await ask('POST', '/api/orders', {
    ...orders[0],
    order_uid: 'unpaid',
    payment: { ...orders[0]?.payment, payment_dt: 0 },
  })
  for (const path of [
    'hostile-0/hold',
    'hostile-0/confirm',
    'hostile-1/complete',
    'hostile-2/cancel',
    'unpaid/confirm',
  ]) {
    await ask('POST', `/api/orders/${path}`, { reason: 'because', actor: 'test' })
  }
  const made = await ask('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/' })
  const { id: webhook } = JSON.parse(made) as { id: string }
  for (const path of [
    '/api/orders?limit=2&from=2026-03-04T05:06:07Z&to=2026-03-04T05:06:08Z',
    `/api/orders?customer_id=${encodeURIComponent('c\\1 ü')}&status=confirmed,cancelled`,
    '/api/orders/hostile-0',
    '/api/orders/hostile-0/events',
  ]) {
    await ask('GET', path)
  }
  expect([...answers].filter(([, answer]) => !/^20/.test(String(answer)))).toEqual([])
  await eventually('the log has every event', async () => {
    return ((await (await fetch(`${url}/api/events?limit=1000`)).json()) as unknown[]).length >= 10
  })
  const { paths } = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    paths: Record<string, { get?: unknown }>
  }
  const reads = Object.entries(paths).filter(([, { get }]) => get !== undefined)
  expect(reads.length).toBeGreaterThan(10)
  for (const [path] of reads) {
    await ask('GET', path.replace('{id}', path.includes('webhook') ? webhook : 'hostile-0').replace(/\{\w+\}/g, '1'))
  }
  await ask('GET', '/readyz')
  return answers
}

test('no setting of the database changes the behaviour of the service and its commands', async () => {
  const [plain, hardened] = await Promise.all([emptyDatabase([]), emptyDatabase(hostile)])
  const env = { WEBHOOKS_ALLOW_PRIVATE: 'true' }
  const [one, other] = await Promise.all(
    [plain, hardened].map(address => startServiceProcess({ env: { ...env, ...databaseEnv(address) } })),
  )
  const expected = await walk(one?.url ?? '')
  expect([...expected].filter(([, answer]) => String(answer).startsWith('5'))).toEqual([])
  expect(await walk(other?.url ?? '')).toEqual(expected)
  await endServices('SIGTERM')

  const backup = join(folder, 'backup.ndjson')
  const runs = [
    ['doctor'],
    ['verify'],
    ['keys', 'create', '--name', 'one', '--scopes', 'orders:read'],
    ['keys', 'list'],
    ['dead-letters', 'list'],
    ['export', backup],
  ]
  for (const args of runs) {
    const usual = await runCommand(args[0] === 'export' ? ['export', `${backup}.usual`] : args, environmentOf(plain))
    const run = await runCommand(args, environmentOf(hardened))
    expect(`${args[0]}: ${run.exitCode}`).toBe(`${args[0]}: ${usual.exitCode}`)
  }
  const copy = await emptyDatabase(hostile)
  const run = await runCommand(['import', backup], environmentOf(copy))
  expect(`${run.exitCode} ${run.exitCode === 0 ? '' : run.err + run.out}`).toBe('0 ')
  const rows =
    'select order_uid, created_at, version, extract(epoch from updated_at)::text as updated from orders order by 1'
  expect(await queryDatabase(copy, rows)).toEqual(await queryDatabase(hardened, rows))
})
