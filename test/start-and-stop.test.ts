import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafkaBroker } from '../scripts/kafka-broker/broker.ts'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import { createMigratedDatabase } from './database.ts'
import { filled, isAlive } from './embedded-servers.ts'
import { post } from './http-load.ts'
import { brokerControlAvailability, eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import {
  databaseEnv,
  endServices,
  newServiceDataDir,
  ownPostgresPid,
  runToItsEnd,
  startServiceProcess,
} from './service-process.ts'

setDefaultTimeout(90_000)

const folder = mkdtempSync(join(tmpdir(), 'orders-start-'))
afterAll(async () => {
  await endServices()
  rmSync(folder, { recursive: true, force: true })
})

const [order] = makeOrders(1, 'started')
const body = JSON.stringify(order)

test('a stop during the start takes effect, and leaves nothing behind', async () => {
  const env = { DATA_DIR: newServiceDataDir() }
  const starting = startServiceProcess({ env }).catch(error => String(error))
  await eventually('the database is being started', () => ownPostgresPid(env.DATA_DIR) !== undefined)
  const postgres = ownPostgresPid(env.DATA_DIR)
  await endServices('SIGTERM')
  await starting
  expect(isAlive(postgres)).toBe(false)
})

/** What is written instead of a start: nothing else, and no stack of the program. */
async function expectRefusal(env: Record<string, string>, ...expected: RegExp[]) {
  const { code, stdout, stderr } = await runToItsEnd({ LOG_LEVEL: 'silent', ...env })
  for (const sentence of expected) expect(stderr).toMatch(sentence)
  expect(stderr).not.toMatch(/^\s+at |node_modules|\.ts:\d/m)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  return stderr
}

describe('a start that fails', () => {
  afterEach(() => endServices())

  test('the port is in use: it says so, and stops its database', async () => {
    const taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('') })
    const dataDir = await filled(newServiceDataDir())
    const stderr = await expectRefusal({ DATA_DIR: dataDir, SERVER_PORT: String(taken.port) }, /SERVER_PORT/)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    await taken.stop(true)
    expect(ownPostgresPid(dataDir)).toBeUndefined()
  })

  test('another service uses the data directory, and goes on', async () => {
    const env = { DATA_DIR: await filled(newServiceDataDir()) }
    const first = await startServiceProcess({ env })
    await expectRefusal(env, /^Another instance .*DATA_DIR/)
    expect((await post(first.url, body))?.status).toBe(201)
  })

  test('the data directory is a file, or cannot be written', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expectRefusal({ DATA_DIR: file }, /^The data directory .*DATA_DIR/)
    if (process.getuid?.() === 0) return
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    await expectRefusal({ DATA_DIR: join(closed, 'data') }, /^The data directory .* cannot be written/)
  })

  test('the data directory is of another version, or not of PostgreSQL', async () => {
    const other = join(folder, 'other')
    mkdirSync(join(other, 'postgres'), { recursive: true })
    writeFileSync(join(other, 'postgres', 'PG_VERSION'), '13\n')
    await expectRefusal({ DATA_DIR: other }, /of PostgreSQL 13.*pg_dump/)
    rmSync(join(other, 'postgres', 'PG_VERSION'))
    writeFileSync(join(other, 'postgres', 'holiday.jpg'), '')
    await expectRefusal({ DATA_DIR: other }, /holds no PostgreSQL data/)
  })

  test('an invalid configuration: it names every invalid variable at once, and no secret', async () => {
    const env = {
      SERVER_PORT: '80800',
      LOG_LEVEL: 'loud',
      DB_PORT: '5432',
      DB_PASSWORD: 'hunter2hunter2',
      KAFKA_BROKERS: 'localhost',
      KAFKA_TOPIC: 'or ders',
      CACHE_MAX_BYTES: '64MB',
      API_KEYS: 'tooshort=orders:write+everything',
    }
    const stderr = await expectRefusal(env, ...Object.keys(env).map(name => new RegExp(`^ +${name}\\b`, 'm')))
    expect(stderr).not.toMatch(/hunter2|tooshort/)
  })

  test('an address that others can reach requires a key', async () => {
    const { address } = await createMigratedDatabase()
    const env = { ...databaseEnv(address), SERVER_HOST: '0.0.0.0' }
    await expectRefusal(env, /^SERVER_HOST is 0\.0\.0\.0.*API key/)
    const key = 'k'.repeat(40)
    const service = await startServiceProcess({ env: { ...env, API_KEYS: `${key}=orders:write` } })
    expect((await post(service.url, body))?.status).toBe(401)
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(`${service.url}/api/orders`, { method: 'POST', body, headers })).status).toBe(201)
    expect((await fetch(`${service.url}/api/orders/started-0`, { headers })).status).toBe(403)
  })

  test('a database that refuses the connection: its own message', async () => {
    const { address } = await createMigratedDatabase()
    await expectRefusal({ ...databaseEnv(address), DB_NAME: 'nowhere' }, /"nowhere" does not exist/)
  })
})

test('--help names every variable and starts nothing; an unknown argument is rejected', async () => {
  const help = await runToItsEnd({}, ['--help'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  for (const name of ['SERVER_PORT', 'DB_HOST', 'KAFKA_BROKERS', 'DATA_DIR', 'API_KEYS'])
    expect(help.stdout).toContain(name)
  expect(await runToItsEnd({}, ['--hlep'])).toMatchObject({ code: 1, stdout: '' })
})

test.skipIf(brokerControlAvailability() !== null)('Kafka is down at the start, and comes up later', async () => {
  const { address } = await createMigratedDatabase()
  const port = await freePort()
  const service = await startServiceProcess({ env: { ...databaseEnv(address), KAFKA_BROKERS: `127.0.0.1:${port}` } })
  expect((await post(service.url, body))?.status).toBe(201)
  expect(await (await fetch(`${service.url}/readyz`)).json()).toMatchObject({
    status: 'ready',
    dependencies: { kafka: { state: 'down' } },
  })
  const made = await fetch(`${service.url}/api/orders/test`, { method: 'POST' })
  expect({ status: made.status, retryAfter: made.headers.has('retry-after') }).toEqual({
    status: 503,
    retryAfter: true,
  })
  const options = { port, dataDir: join(folder, 'kafka'), temporary: true, shortLived: true }
  const broker = await startKafkaBroker({ ...options, log: () => undefined })
  try {
    await eventually('an order comes in by Kafka', async () => {
      const response = await fetch(`${service.url}/api/orders/test`, { method: 'POST' })
      const location = response.headers.get('location')
      if (response.status !== 202 || location === null) return false
      await eventually('it is stored', async () => (await fetch(new URL(location, response.url))).status === 200)
      return true
    })
    service.kill('SIGTERM')
    expect(await service.exited).toEqual({ code: 0, signal: null })
  } finally {
    await broker.stop()
  }
})
