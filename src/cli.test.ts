import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createTestDatabase } from '../test/database.ts'
import { newDataDir, removeDataDirs } from '../test/embedded-servers.ts'
import { kafkaAvailability, testBroker, uniqueName } from '../test/kafka.ts'
import { environmentOf, runCli } from '../test/run-cli.ts'
import { bringUpToDate } from './database.ts'
import { recordDeadLetters } from './dead-letters/recording.ts'
import { ensureTopics } from './platform/kafka/admin.ts'
import { createLogger } from './platform/log.ts'
import { createPool, type PostgresAddress } from './platform/postgres.ts'

setDefaultTimeout(60_000)
const services = new Set<ChildProcess>()
afterAll(() => {
  for (const service of services) service.kill('SIGKILL')
  removeDataDirs()
})

const log = createLogger({ level: 'silent' })
const migrations = readdirSync(join(import.meta.dirname, '..', 'migrations')).filter(name => name.endsWith('.sql'))

async function noMigration(): Promise<void> {}

function allMigrations(address: PostgresAddress): Promise<string[]> {
  return bringUpToDate(address, log, 5_000, new AbortController().signal)
}

describe('usage', () => {
  test.each([
    [['--help']],
    [['keys', '--help']],
    [['doctor', '--help']],
    [['migrate', '--help']],
    [['db-reset', '--help']],
    [['keys', 'create', '--help']],
    [['keys', 'list', '--help']],
    [['keys', 'revoke', '--help']],
    [['dead-letters', '--help']],
    [['dead-letters', 'list', '--help']],
    [['dead-letters', 'show', '--help']],
    [['dead-letters', 'replay', '--help']],
    [['dead-letters', 'discard', '--help']],
    [['load', '--help']],
    [['db-restored', '--help']],
    [['export', '--help']],
    [['import', '--help']],
  ])('%j explains itself', async args => {
    const { exitCode, out, err } = await runCli(args)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('Usage: ./orders')
    expect(out).toContain('--json')
  })

  test.each([
    [[], 'Usage:'],
    [['nonsense'], 'there is no command "nonsense"'],
    [['keys'], '"keys create"'],
    [['keys', 'burn'], '"keys revoke"'],
    [['doctor', '--loud'], "'--loud'"],
    [['migrate', 'everything'], 'unknown argument everything'],
    [['keys', 'create', '--scopes', 'admin'], '--name is needed'],
    [['keys', 'create', '--name', 'x'], '--scopes is needed'],
    [['keys', 'create', '--name', 'x', '--scopes', 'admin,root'], 'has "root"'],
    [['keys', 'create', '--name', 'a\nb', '--scopes', 'admin'], 'printable'],
    [['keys', 'revoke'], 'ID is needed'],
    [['dead-letters', 'list', '--limit', '1001'], '--limit must be'],
    [['dead-letters', 'list', '--code', 'BAD'], '--code must be one of'],
    [['dead-letters', 'list', '--state', 'lost'], '--state must be one of open, replayed, discarded'],
    [['dead-letters', 'show'], 'ID is needed'],
    [['dead-letters', 'replay'], 'say the ID of a dead letter, or --code or --topic'],
    [['dead-letters', 'replay', '7', '--code', 'ORDER_INVALID'], 'either an ID, or --code'],
    [['dead-letters', 'replay', 'seven'], 'an ID is a number'],
    [['dead-letters', 'replay', '7', '8'], 'unknown argument 8'],
    [['dead-letters', 'replay', '--topic', 'orders', '--value', 'x.json'], '--value is for one dead letter'],
    [['dead-letters', 'replay', '7', '--actor', 'x'.repeat(201)], '--actor has at most 200'],
    [['dead-letters', 'discard', '7'], '--reason is needed'],
    [['dead-letters', 'discard', '7', '--reason', ' '], '--reason is needed'],
    [['db-reset'], '--yes'],
    [['export', '--json'], '--json needs a FILE'],
    [['load', '--rate', '0'], '--rate must be a whole number from 1'],
    [['load', '--seconds', '2', '--ramp', '3'], '--ramp must be a whole number from 0 to 2'],
    [['load', '--bad', '1'], '--bad must be a share'],
    [['load', '--bad', '60%', '--repeated', '60%'], 'more than 100%'],
    [['load', '--url', 'localhost'], '--url must be like'],
    [['load', '--kafka'], 'needs KAFKA_BROKERS'],
    [['load', '--kafka', '--connections', '9'], '--connections is for HTTP'],
  ])('%j is wrong', async (args, sentence) => {
    // A folder that does not exist: a wrong usage must not start anything.
    const { exitCode, out, err } = await runCli(args, { DATA_DIR: '/nonexistent/orders' })
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toContain(sentence)
    expect(err.length).toBeLessThan(2_500)
  })

  test('a wrong configuration is reported as by the service: all of it, by name, without secrets', async () => {
    const { exitCode, err } = await runCli(['doctor'], {
      SERVER_PORT: 'x',
      CACHE_MAX_BYTES: '1',
      DB_PASSWORD: 'hunter2',
    })
    expect(exitCode).toBe(1)
    for (const name of ['SERVER_PORT', 'CACHE_MAX_BYTES', 'DB_PASSWORD']) expect(err).toContain(`  ${name} `)
    expect(err).not.toContain('hunter2')
  })
})

describe('with DB_HOST', () => {
  test('migrate says which migrations it applied, and the second time that there were none', async () => {
    const database = await createTestDatabase(noMigration)
    const environment = environmentOf(database.address)
    const before = await runCli(['doctor', '--json'], environment)
    expect(findingOf(before.out, 'tables')).toMatchObject({ state: 'note' })
    const first = await runCli(['migrate', '--json'], environment)
    expect(JSON.parse(first.out)).toEqual({ database: first.database, applied: migrations.toSorted() })
    expect(first.database).toStartWith(`${database.address.database} on `)
    const second = await runCli(['migrate'], environment)
    expect(second).toMatchObject({ exitCode: 0, err: '' })
    expect(second.out).toContain('nothing to do')
    const after = await runCli(['doctor', '--json'], environment)
    expect(findingOf(after.out, 'tables')).toMatchObject({ state: 'ok' })
    await database.drop()
  })

  test('before the tables are made, a reading command says what to do and changes nothing', async () => {
    const database = await createTestDatabase(noMigration)
    for (const args of [
      ['keys', 'list'],
      ['keys', 'revoke', 'x'],
      ['dead-letters', 'list'],
    ]) {
      const { exitCode, err } = await runCli(args, environmentOf(database.address))
      expect(exitCode).toBe(1)
      expect(err).toContain('./orders migrate')
    }
    await database.drop()
  })

  test('a key is shown once, listed without itself, and revoked once', async () => {
    const database = await createTestDatabase(allMigrations)
    const environment = environmentOf(database.address)
    const created = await runCli(
      ['keys', 'create', '--name', 'shop', '--scopes', 'orders:read, orders:write'],
      environment,
    )
    expect(created.exitCode).toBe(0)
    expect(created.out).toMatch(/^sk_[\w-]{43}\n$/)
    expect(created.err).toContain('It is the first')
    const listed = await runCli(['keys', 'list', '--json'], environment)
    expect(listed.out).not.toContain(created.out.trim())
    const [key] = JSON.parse(listed.out)
    expect(key).toMatchObject({ name: 'shop', scopes: ['orders:read', 'orders:write'], revoked_at: null })
    expect((await runCli(['keys', 'list'], environment)).out).toContain('orders:read,orders:write')
    expect(await runCli(['keys', 'revoke', key.id], environment)).toMatchObject({ exitCode: 0 })
    const again = await runCli(['keys', 'revoke', key.id], environment)
    expect(again).toMatchObject({ exitCode: 1, err: expect.stringContaining('no key') })
    await database.drop()
  })

  test('dead letters: a page for a person without foreign text, all of it as JSON', async () => {
    const database = await createTestDatabase(allMigrations)
    const pool = createPool(database.address, { connectionsMax: 1, name: 'test', log })
    const deadLetter = (offset: bigint, code: 'ORDER_INVALID' | 'ORDER_CONFLICT') => ({
      topic: 'orders',
      partition: 2,
      offset,
      key: null,
      value: Buffer.from('{"name":"Test Testov"}'),
      headers: [],
      timeMs: 1_700_000_000_000,
      code,
      detail: 'a reason',
      violations: [],
    })
    await recordDeadLetters(pool, [
      deadLetter(1n, 'ORDER_INVALID'),
      deadLetter(2n, 'ORDER_CONFLICT'),
      deadLetter(3n, 'ORDER_INVALID'),
    ])
    await pool.end()
    const environment = environmentOf(database.address)
    const page = await runCli(['dead-letters', 'list'], environment)
    expect(page.out).toContain('orders/2/3')
    expect(page.out).not.toContain('Testov')
    const offsets = async (...options: string[]) => {
      const { out } = await runCli(['dead-letters', 'list', '--json', ...options], environment)
      return JSON.parse(out).map((found: { offset: string }) => found.offset)
    }
    expect(await offsets()).toEqual(['3', '2', '1'])
    expect(await offsets('--limit', '1')).toEqual(['3'])
    expect(await offsets('--code', 'ORDER_CONFLICT')).toEqual(['2'])
    await database.drop()
  })

  test('db-reset does not touch a database other than the embedded one', async () => {
    const { exitCode, err } = await runCli(['db-reset', '--yes'], { DB_HOST: 'db.example' })
    expect(exitCode).toBe(1)
    expect(err).toContain('DB_HOST is set')
  })

  test('what does not answer is reported in a sentence, by the doctor for everything at once', async () => {
    const taken = createServer((_, response) => response.end('hello'))
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const bound = taken.address()
    const environment = {
      DB_HOST: '127.0.0.1',
      DB_PORT: '1',
      DB_PASSWORD: 'hunter2',
      KAFKA_BROKERS: '127.0.0.1:1',
      SERVER_PORT: String(typeof bound === 'object' ? bound?.port : ''),
      SERVER_HOST: '127.0.0.1',
    }
    const { exitCode, out, err } = await runCli(['doctor', '--json'], environment)
    taken.close()
    expect(exitCode).toBe(1)
    for (const name of ['database', 'Kafka', 'port']) expect(findingOf(out, name)).toMatchObject({ state: 'failed' })
    expect(out + err).not.toContain('hunter2')
    const listing = await runCli(['keys', 'list'], environment)
    expect(listing).toMatchObject({ exitCode: 1, err: 'keys list failed: connect ECONNREFUSED 127.0.0.1:1\n' })
  })

  test('where others can reach the service the doctor asks for a key, and the last one stays', async () => {
    const database = await createTestDatabase(allMigrations)
    const environment = { ...environmentOf(database.address), SERVER_HOST: '0.0.0.0', SERVER_PORT: '0' }
    const without = await runCli(['doctor', '--json'], environment)
    expect(without.exitCode).toBe(1)
    expect(findingOf(without.out, 'API keys')).toMatchObject({ state: 'failed' })
    await runCli(['keys', 'create', '--name', 'x', '--scopes', 'admin'], environment)
    expect((await runCli(['doctor'], environment)).exitCode).toBe(0)
    const [key] = JSON.parse((await runCli(['keys', 'list', '--json'], environment)).out)
    const revoked = await runCli(['keys', 'revoke', key.id], environment)
    expect(revoked).toMatchObject({ exitCode: 1, err: expect.stringContaining('make another first') })
    await database.drop()
  })
})

test.skipIf(kafkaAvailability() !== null)('the doctor asks Kafka for its topics and makes none', async () => {
  const brokers = await testBroker()
  const topics = {
    KAFKA_TOPIC: uniqueName('orders'),
    KAFKA_COMMANDS_TOPIC: uniqueName('commands'),
    KAFKA_EVENTS_TOPIC: uniqueName('events'),
    KAFKA_DLQ_TOPIC: uniqueName('letters'),
  }
  const environment = { DATA_DIR: '/tmp/nonexistent-orders', KAFKA_BROKERS: brokers.join(), ...topics }
  const states = async () => {
    const { out } = await runCli(['doctor', '--json'], environment)
    expect(findingOf(out, 'Kafka')).toMatchObject({ state: 'ok' })
    const names = ['orders in', 'commands in', 'events out', 'dead letters out']
    return names.map(name => findingOf(out, name)?.state)
  }
  expect(await states()).toEqual(['note', 'note', 'note', 'note'])
  expect(await states()).toEqual(['note', 'note', 'note', 'note'])
  const made = [topics.KAFKA_TOPIC, topics.KAFKA_COMMANDS_TOPIC].map(name => ({ name, partitions: 1 }))
  await ensureTopics({ brokers }, made, 10_000)
  expect(await states()).toEqual(['ok', 'ok', 'note', 'note'])
})

describe('with the embedded database', () => {
  test('commands work while the service is stopped, runs, and was killed', async () => {
    const dataDir = newDataDir()
    const environment = { DATA_DIR: dataDir, SERVER_PORT: '0' }
    writeFileSync(join(dataDir, 'mine.txt'), 'keep me')
    const cold = await runCli(['doctor', '--json'], environment)
    expect(cold.exitCode).toBe(0)
    expect(findingOf(cold.out, 'database')).toMatchObject({ state: 'off' })
    expect(readdirSync(dataDir)).toEqual(['mine.txt'])

    expect((await runCli(['migrate'], environment)).database).toEndWith(`${dataDir}, started for this command`)
    const made = await runCli(['keys', 'create', '--name', 'first', '--scopes', 'orders:read', '--json'], environment)
    expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)
    const { key } = JSON.parse(made.out)

    const service = await startServiceProcess(environment)
    const asking = (given: string) =>
      fetch(`${service.url}/api/orders`, { headers: { authorization: `Bearer ${given}` } }).then(({ status }) => status)
    expect(await asking(key)).toBe(200)
    const [migrated, listed, refused, doctor] = await Promise.all([
      runCli(['migrate', '--json'], environment),
      runCli(['keys', 'list', '--json'], environment),
      runCli(['db-reset', '--yes'], environment),
      runCli(['doctor', '--json'], environment),
    ])
    expect(JSON.parse(migrated.out)).toMatchObject({ applied: [] })
    for (const { database } of [migrated, listed]) expect(database).toEndWith(`${dataDir}, which a service works with`)
    expect(JSON.parse(listed.out)).toHaveLength(1)
    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining('the service is running') })
    expect(findingOf(doctor.out, 'database')?.detail).toContain('a service works with it')
    expect(await asking(key)).toBe(200)

    await service.kill()
    const left = await runCli(['doctor', '--json'], environment)
    expect(findingOf(left.out, 'database')?.detail).toContain('left it')
    expect((await runCli(['keys', 'list'], environment)).exitCode).toBe(0)
    expect((await runCli(['db-reset', '--yes', '--json'], environment)).out).toContain('"removed": true')
    expect(readdirSync(dataDir)).toEqual(['mine.txt'])
    expect((await runCli(['db-reset', '--yes'], environment)).out).toContain('there was no database')
  })
})

type Finding = { name: string; state: string; detail: string }

function findingOf(out: string, name: string): Finding | undefined {
  return (JSON.parse(out) as { findings: Finding[] }).findings.find(finding => finding.name === name)
}

/** The service as a process of its own, serving; `kill` leaves it no time for anything. */
async function startServiceProcess(environment: Record<string, string>) {
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, ['--no-env-file', main], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  services.add(child)
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString()
      const found = /API +(http:\S+)\/api\/orders/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', code => reject(new Error(`the service ended with ${code}`)))
  })
  return {
    url,
    kill() {
      child.kill('SIGKILL')
      return ended
    },
  }
}
