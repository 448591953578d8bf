import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringUpToDate } from '../src/database.ts'
import { createLogger } from '../src/platform/log.ts'
import { createTestDatabase } from './database.ts'
import { databaseEnv } from './service-process.ts'

/** `./orders`, as it stands in a checkout, in the image and in the documents. */

setDefaultTimeout(60_000)

const log = createLogger({ level: 'silent' })
const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

let database: Awaited<ReturnType<typeof createTestDatabase>>
/** A checkout with settings of its own, and another folder to call it from. */
let checkout: string
let elsewhere: string

beforeAll(async () => {
  database = await createTestDatabase(address => bringUpToDate(address, log, 5_000, new AbortController().signal))
  checkout = mkdtempSync(join(tmpdir(), 'orders-checkout-'))
  elsewhere = mkdtempSync(join(tmpdir(), 'orders-elsewhere-'))
  for (const name of ['orders', 'bunfig.toml', 'package.json', 'tsconfig.json', 'src', 'migrations']) {
    cpSync(join(root, name), join(checkout, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  // What Bun would read in the folder that it is called from.
  writeFileSync(join(elsewhere, 'bunfig.toml'), 'preload = ["./missing.ts"]\n')
  writeFileSync(join(elsewhere, '.env'), 'DB_HOST=wrong.example\n')
})

afterAll(async () => {
  await database.drop()
  for (const folder of [checkout, elsewhere]) rmSync(folder, { recursive: true, force: true })
})

function settings(values: Record<string, string>) {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(checkout, '.env.local'), lines.join(''))
}

function orders(args: string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH ?? '', ...environment }
  const { status, stdout, stderr } = spawnSync(join(checkout, 'orders'), args, {
    cwd: elsewhere,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { status, out: stdout, err: stderr }
}

/** The same, side by side with others. */
async function ordersAside(args: string[]) {
  const child = Bun.spawn([join(checkout, 'orders'), ...args], {
    cwd: elsewhere,
    env: { PATH: process.env.PATH ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { status, out, err }
}

test('it uses the database of .env.local from any folder, the environment takes precedence, and it names the database', () => {
  settings(databaseEnv(database.address))
  const own = `database: ${database.address.database} on ${database.address.host}:${database.address.port}\n`
  const made = orders(['keys', 'create', '--name', 'shop', '--scopes', 'admin', '--json'])
  expect(made).toMatchObject({ status: 0, err: own })
  expect(JSON.parse(made.out)).toMatchObject({ database: own.slice(10, -1), name: 'shop' })
  for (const args of [['verify'], ['doctor'], ['keys', 'list', '--json'], ['dead-letters', 'list'], ['migrate']]) {
    const { status, err } = orders(args, { SERVER_PORT: '0' })
    expect({ args, status, err }).toEqual({ args, status: 0, err: own })
  }
  expect(JSON.parse(orders(['keys', 'list', '--json']).out)).toMatchObject([{ name: 'shop' }])
  const other = orders(['verify'], { DB_NAME: 'no_such_database' })
  expect(other.status).toBe(1)
  expect(other.err).toContain('database: no_such_database on ')
})

test('a relative path starts at the current folder', () => {
  settings(databaseEnv(database.address))
  expect(orders(['export', 'here.ndjson']).status).toBe(0)
  expect(readdirSync(elsewhere)).toContain('here.ndjson')
})

test('no command but run and migrate sets up a database where there is none', async () => {
  settings({})
  const commands = [
    ['verify'],
    ['keys', 'create', '--name', 'x', '--scopes', 'admin'],
    ['keys', 'list', '--json'],
    ['keys', 'revoke', 'x'],
    ['dead-letters', 'list'],
    ['dead-letters', 'show', '1'],
    ['dead-letters', 'replay', '1'],
    ['dead-letters', 'discard', '1', '--reason', 'x'],
    ['export'],
    ['import', join(root, 'package.json')],
    ['db-restored'],
  ]
  const runs = await Promise.all(commands.map(async args => ({ args, ...(await ordersAside(args)) })))
  for (const { args, status, out, err } of runs) {
    expect({ args, status, out }).toEqual({ args, status: 1, out: '' })
    expect(err).toStartWith(`there is no database in ${join(checkout, 'data')}: "./orders run" or "./orders migrate"`)
  }
  expect(existsSync(join(checkout, 'data'))).toBe(false)
  const migrated = orders(['migrate', '--json'])
  expect(migrated.err).toMatch(/^database: own PostgreSQL [\d.]+ in .*\/data, started for this command\n$/)
  expect(JSON.parse(migrated.out).applied.length).toBeGreaterThan(10)
  expect(orders(['verify']).status).toBe(0)
})

test('db-reset asks at a terminal, and requires --yes without one', () => {
  settings({ DATA_DIR: 'reset' })
  const kept = join(checkout, 'reset', 'postgres', 'PG_VERSION')
  mkdirSync(join(checkout, 'reset', 'postgres'), { recursive: true })
  writeFileSync(kept, '18\n')
  const refused = orders(['db-reset'])
  expect(refused).toMatchObject({ status: 2, out: '' })
  expect(refused.err).toContain(`this removes every order in ${join(checkout, 'reset')}: --yes is needed`)
  const atTerminal = (answer: string) => {
    const args = ['-qec', `${join(checkout, 'orders')} db-reset`, '/dev/null']
    return spawnSync('script', args, { input: answer, encoding: 'utf8', cwd: elsewhere })
  }
  if (spawnSync('script', ['--version']).status !== 0) console.error('SKIPPED: asking at a terminal. Install script.')
  else {
    for (const answer of ['no\n', '\n', 'y\n']) {
      const { status, stdout } = atTerminal(answer)
      expect({ status, isAsked: stdout.includes('Go on? (yes/no)'), isThere: existsSync(kept) }).toEqual({
        status: 1,
        isAsked: true,
        isThere: true,
      })
      expect(stdout).toContain('nothing was removed')
    }
    expect(atTerminal('yes\n').status).toBe(0)
    expect(existsSync(kept)).toBe(false)
  }
  expect(orders(['db-reset', '--yes']).status).toBe(0)
})

test('make db-reset and make start-fresh ask as well', () => {
  const make = (...args: string[]) =>
    spawnSync('make', args, { cwd: root, encoding: 'utf8', input: '', env: { ...process.env, DATA_DIR: elsewhere } })
  const [reset, docker] = [make('db-reset'), make('fresh-in-docker')]
  for (const { status, stderr } of [reset, docker]) {
    expect(status).toBe(2)
    expect(stderr).toContain('needed where there is no terminal to ask at')
  }
  expect(make('-n', 'fresh-here', 'ARGS=--yes').stdout).toContain('scripts/start-fresh.ts --yes')
  const fresh = spawnSync(process.execPath, ['--no-env-file', join(root, 'scripts', 'start-fresh.ts')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, DATA_DIR: elsewhere },
  })
  expect(fresh).toMatchObject({ status: 2, stderr: expect.stringContaining('--yes is needed') })
})

test('"run" serves, no argument lists the commands, and without node_modules it asks for make setup', () => {
  settings({})
  expect(orders(['run', '--help']).out).toStartWith('Orders ')
  expect(orders(['run', 'fast'])).toMatchObject({ status: 1, err: 'unknown argument fast; see --help\n' })
  expect(orders([])).toMatchObject({ status: 2, err: expect.stringContaining('Usage: ./orders COMMAND') })
  const alone = join(elsewhere, 'orders')
  cpSync(join(root, 'orders'), alone)
  const { status, stderr } = spawnSync(alone, ['verify'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('run "make setup" in ') })
})

test('the image, which has no shell, has it too', () => {
  const text = read('scripts/orders-in-image')
  const [shebang = '', ...code] = text.split('\n')
  expect(shebang).toBe('#!/usr/local/bin/bun --no-env-file')
  const dockerfile = read('Dockerfile')
  expect(dockerfile).toContain('\nWORKDIR /app\n')
  expect(dockerfile).toContain('\nCOPY scripts/orders-in-image orders\n')
  const script = join(elsewhere, 'in-image')
  writeFileSync(script, code.join('\n').replace('/app/', `${checkout}/`))
  const args = ['--no-env-file', script, 'keys', '--help']
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('keys create') })
})

test('git ignores .env.local and has an example of it; no document and no message names another way', () => {
  const isIgnored = (name: string) => spawnSync('git', ['check-ignore', '-q', name], { cwd: root }).status === 0
  if (existsSync(join(root, '.git')))
    expect([isIgnored('.env.local'), isIgnored('.env.local.example')]).toEqual([true, false])
  expect(existsSync(join(root, '.env.local.example'))).toBe(true)
  const files = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'Makefile', 'deploy/helm/orders/templates/NOTES.txt']
  for (const folder of ['docs', 'src', 'monitoring', 'web']) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    files.push(...names.filter(name => /\.(md|ts|yml|tsx)$/.test(name)).map(name => join(folder, name)))
  }
  const other = /bun (--no-env-file )?src\/(cli|main|release)\.ts|`CLI /
  expect(files.filter(name => other.test(read(name)))).toEqual([])
})
