import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  filled,
  isAlive,
  newDataDir,
  query,
  removeDataDirs,
  start,
  stopServers,
} from '../../../test/embedded-servers.ts'
import { findProgram } from './program.ts'

setDefaultTimeout(30_000)
afterEach(stopServers)
afterAll(removeDataDirs)

test('data survive a stop', async () => {
  const dataDir = newDataDir()
  const first = await start(dataDir)
  await query(first, 'create table kept as select 7 as number')
  await first.stop()
  const second = await start(dataDir)
  expect(await query(second, 'select number from kept')).toEqual([{ number: 7 }])
  expect(second.serverVersion).toBe(findProgram().version)
})

test('encoding, locale, durability and the closed door are as the service needs them', async () => {
  const server = await start(newDataDir(), { durable: true })
  const [row] = await query(
    server,
    `select current_setting('server_encoding') as encoding, datcollate as locale, pg_get_userbyid(datdba) as owner,
            current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
            current_setting('data_checksums') as checksums, current_setting('listen_addresses') as addresses
       from pg_database where datname = current_database()`,
  )
  expect(row).toEqual({
    encoding: 'UTF8',
    locale: 'C',
    owner: 'postgres',
    fsync: 'on',
    synchronous_commit: 'on',
    checksums: 'on',
    addresses: '',
  })
  expect(server.address.database).toBe('orders')
  expect(statSync(server.address.host).mode & 0o777).toBe(0o700)
})

test('stop leaves no process, and may be called twice and by two', async () => {
  const server = await start(await filled(newDataDir()))
  const pid = server.processId()
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
  expect(isAlive(pid)).toBe(false)
})

test('a set-up that was killed is repeated', async () => {
  const dataDir = newDataDir()
  mkdirSync(join(dataDir, 'postgres.new-2000000000', 'base'), { recursive: true })
  mkdirSync(join(dataDir, 'postgres'))
  await start(dataDir)
  expect(existsSync(join(dataDir, 'postgres.new-2000000000'))).toBe(false)
})

test('a long path gets a private socket folder elsewhere, which is removed with the server', async () => {
  const dataDir = join(newDataDir(), 'long'.repeat(30))
  const server = await start(dataDir)
  const { host } = server.address
  expect(host.startsWith(dataDir)).toBe(false)
  expect(statSync(host).mode & 0o777).toBe(0o700)
  await server.stop()
  expect(existsSync(host)).toBe(false)
})

test('the log is cut before it grows without end', async () => {
  const dataDir = await filled(newDataDir())
  const first = await start(dataDir)
  await first.stop()
  truncateSync(join(dataDir, 'postgres.log'), 17 * 1024 * 1024)
  await start(dataDir)
  expect(statSync(join(dataDir, 'postgres.log')).size).toBeLessThan(1024 * 1024)
  expect(statSync(join(dataDir, 'postgres.log.1')).size).toBe(17 * 1024 * 1024)
})

test('the log does not repeat what clients send', async () => {
  const dataDir = await filled(newDataDir())
  const server = await start(dataDir)
  await query(server, 'create table t (name text primary key check (name <> $$x$$))')
  for (let i = 0; i < 2; i++) await query(server, "insert into t values ('Test Testov')").catch(() => undefined)
  await server.stop()
  const text = readFileSync(join(dataDir, 'postgres.log'), 'utf8')
  expect(text).toContain('duplicate key')
  expect(text).not.toContain('Testov')
})

test('a start can be aborted and leaves no process', async () => {
  const dataDir = await filled(newDataDir())
  await (await start(dataDir)).stop()
  const abort = new AbortController()
  const begun = start(dataDir, { signal: abort.signal })
  setTimeout(() => abort.abort(new Error('given up')), 15)
  await expect(begun).rejects.toThrow('given up')
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)
})

test('what cannot work is refused in one sentence', async () => {
  const other = newDataDir()
  mkdirSync(join(other, 'postgres'))
  writeFileSync(join(other, 'postgres', 'PG_VERSION'), '15\n')
  await expect(start(other)).rejects.toThrow(/are of PostgreSQL 15, and this service brings PostgreSQL 18: /)

  const foreign = newDataDir()
  mkdirSync(join(foreign, 'postgres'))
  writeFileSync(join(foreign, 'postgres', 'letter.txt'), 'hello')
  await expect(start(foreign)).rejects.toThrow(/exists and holds no PostgreSQL data/)

  const file = join(newDataDir(), 'file')
  writeFileSync(file, '')
  await expect(start(file)).rejects.toThrow(/cannot be written \(\w+\): .* DATA_DIR/)

  const wrong = newDataDir()
  await expect(start(wrong, { settings: { shared_buffers: 'many' } })).rejects.toThrow(
    /does not start, .*shared_buffers/,
  )
  expect(() => findProgram('sunos-sparc')).toThrow(/no embedded PostgreSQL for sunos-sparc .* set DB_HOST/)
  expect(() => findProgram('darwin-x64')).toThrow(/not installed: run "npm ci"/)
})
