import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createOrdersDatabase } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { environmentOf, findingOf, runCli } from '../../test/run-cli.ts'
import { recordDeadLetters } from '../dead-letters/recording.ts'

setDefaultTimeout(60_000)
const migrations = readdirSync(join(import.meta.dirname, '..', '..', 'migrations')).filter(name =>
  name.endsWith('.sql'),
)

async function noMigration(): Promise<void> {}

describe('commands with DB_HOST', () => {
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
    const database = await createOrdersDatabase()
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
    const database = await createOrdersDatabase()
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
    await recordDeadLetters(database.pool, [
      deadLetter(1n, 'ORDER_INVALID'),
      deadLetter(2n, 'ORDER_CONFLICT'),
      deadLetter(3n, 'ORDER_INVALID'),
    ])
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
})
