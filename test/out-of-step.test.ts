import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { proxyToDatabase } from './tcp-proxy.ts'

setDefaultTimeout(120_000)
afterEach(() => endServices())

/** For how long an instance may go on with what it had heard until then, in milliseconds. */
const trustedForMs = 1_000

const admin = 'a-key-that-is-configured-here'
const [order] = makeOrders(1, 'step')

let proxy: Awaited<ReturnType<typeof proxyToDatabase>>
let address: PostgresAddress

beforeAll(async () => {
  address = (await createMigratedDatabase()).address
  proxy = await proxyToDatabase(address)
})

afterAll(() => proxy?.close())

async function send(service: ServiceProcess, key: string, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(service.url + path, init)
  return { status: response.status, body: JSON.parse(await response.text()) }
}

/** Asks all the time for a while. @returns what was answered to requests that were sent later than trust lasts */
async function answersBeyondTrust(sinceMs: number, ask: () => Promise<string>): Promise<Set<string>> {
  const answers: Promise<string>[] = []
  while (performance.now() - sinceMs < 2 * trustedForMs || answers.length < 6) {
    const isBeyond = performance.now() - sinceMs > trustedForMs
    const answer = ask()
    if (isBeyond) answers.push(answer)
    await Bun.sleep(50)
  }
  return new Set(await Promise.all(answers))
}

test('without notifications nothing is served from memory for more than a second, and readiness says so', async () => {
  const env = { ...databaseEnv(proxy.address), API_KEYS: `${admin}=admin+orders:read+orders:write` }
  const service = await startServiceProcess({ env })
  expect((await send(service, admin, '/api/orders', order)).status).toBe(201)
  const { body: made } = await send(service, admin, '/api/keys', { name: 'reader', scopes: ['orders:read'] })
  const path = `/api/orders/${order?.order_uid}`
  const readWith = async (key: string) => {
    const { status, body } = await send(service, key, path)
    return `${status} ${body.status}`
  }
  const isInStep = async () => (await send(service, admin, '/readyz')).body.dependencies.notifications.state === 'up'
  await eventually('notifications arrive', isInStep)
  expect([await readWith(made.key), await readWith(admin)]).toEqual(['200 confirmed', '200 confirmed'])

  proxy.hang()
  const sinceMs = performance.now()
  await queryDatabase(
    address,
    `update api_keys set revoked_at = now(); notify api_keys;
     update orders set status = 'on_hold', version = version + 1, updated_at = now()`,
  )
  const [withRevoked, withConfigured] = await Promise.all([
    answersBeyondTrust(sinceMs, () => readWith(made.key)),
    answersBeyondTrust(sinceMs, () => readWith(admin)),
  ])
  expect([...withRevoked]).toEqual(['503 503'])
  expect([...withConfigured]).toEqual(['503 503'])
  expect((await send(service, admin, '/readyz')).body.dependencies.notifications.state).toBe('down')
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  expect(metrics).toContain('dependency_up{dependency="notifications"} 0')

  proxy.mend()
  await eventually('the revoked key is known to be none', async () => (await readWith(made.key)).startsWith('401'))
  await eventually('the change is read', async () => (await readWith(admin)) === '200 on_hold')
  await eventually('notifications arrive again', isInStep)
})
