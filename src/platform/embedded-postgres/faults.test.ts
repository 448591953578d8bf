import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  connected,
  filled,
  isAlive,
  newDataDir,
  query,
  removeDataDirs,
  settings,
  start,
  startElsewhere,
  stopServers,
  until,
} from '../../../test/embedded-servers.ts'
import type { EmbeddedPostgres } from './embedded-postgres.ts'
import { findRunningPostgres } from './running.ts'

setDefaultTimeout(30_000)
afterEach(stopServers)
afterAll(removeDataDirs)

/** Whether a statement is at work. */
async function isAsked(server: EmbeddedPostgres, text: string): Promise<boolean> {
  const active = await query(server, "select query from pg_stat_activity where state = 'active'")
  return active.some(row => row.query === text)
}

test('stop ends a server whose clients are busy, and one that does not react any more', async () => {
  const busy = await start(await filled(newDataDir()))
  const asked = (await connected(busy)).query('select pg_sleep(60)').catch(error => error.message)
  await until(() => isAsked(busy, 'select pg_sleep(60)'))
  await busy.stop()
  expect(await asked).toMatch(/terminat/)
  const stuck = await start(await filled(newDataDir()), { stopTimeoutMs: 100 })
  const pid = stuck.processId() ?? 0
  process.kill(pid, 'SIGSTOP')
  await stuck.stop()
  expect(isAlive(pid)).toBe(false)
})

test('a server that is killed comes back at the same address, and listeners hear of it', async () => {
  const server = await start(await filled(newDataDir()))
  const reasons: string[] = []
  server.onExit(reason => reasons.push(reason))
  // A backend that computes does not notice that its server is gone, and would keep the next one from starting.
  const busy = await connected(server)
  const long = 'select count(*) from generate_series(1, 1e12)'
  busy.query(long).catch(() => undefined)
  await until(() => isAsked(server, long))
  const pid = server.processId() ?? 0
  process.kill(pid, 'SIGKILL')
  await until(async () => (await query(server, 'select 1 as one'))[0]?.one === 1)
  expect(server.processId()).not.toBe(pid)
  expect(reasons).toEqual([`PostgreSQL (process ${pid}) is gone: it was ended by SIGKILL`])
})

test('a killed backend is survived without a new server', async () => {
  const server = await start(await filled(newDataDir()))
  const pid = server.processId()
  const reasons: string[] = []
  server.onExit(reason => reasons.push(reason))
  const [row] = await query(server, "select pid from pg_stat_activity where backend_type = 'background writer'")
  process.kill(Number(row?.pid), 'SIGKILL')
  await until(async () => (await query(server, 'select 1 as one'))[0]?.one === 1)
  await until(async () => server.processId() === pid)
  expect(reasons).toEqual([])
})

test('the server that a killed service left behind is adopted, and stopped by its new owner', async () => {
  const dataDir = await filled(newDataDir())
  const service = startElsewhere(dataDir)
  const pid = Number(await service.firstLine)
  process.kill(service.pid, 'SIGKILL')
  await service.ended
  expect(isAlive(pid)).toBe(true)
  const server = await start(dataDir)
  expect(server.processId()).toBe(pid)
  await server.stop()
  await until(async () => !isAlive(pid)) // Whose child it is now may take a moment to notice.
})

test('a server left behind with other settings is restarted', async () => {
  const dataDir = await filled(newDataDir())
  const service = startElsewhere(dataDir)
  const pid = Number(await service.firstLine)
  process.kill(service.pid, 'SIGKILL')
  await service.ended
  const server = await start(dataDir, { settings: { ...settings, work_mem: '5MB' } })
  expect(server.processId()).not.toBe(pid)
  expect(await query(server, 'show work_mem')).toEqual([{ work_mem: '5MB' }])
})

test('a second service on the same data is refused while the first one lives', async () => {
  const dataDir = await filled(newDataDir())
  const first = await start(dataDir)
  const second = startElsewhere(dataDir)
  expect(await second.firstLine).toMatch(/^EmbeddedPostgresError: Another instance of the service is running on /)
  await second.ended
  expect(await query(first, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('two services that start at once on a new folder: one runs, the other is refused', async () => {
  const dataDir = newDataDir()
  const services = [startElsewhere(dataDir), startElsewhere(dataDir)]
  const lines = await Promise.all(services.map(service => service.firstLine))
  expect(lines.filter(line => /^\d+$/.test(line))).toHaveLength(1)
  expect(lines.filter(line => /Another instance/.test(line))).toHaveLength(1)
  for (const service of services) if (isAlive(service.pid)) process.kill(service.pid, 'SIGTERM')
  for (const service of services) await service.ended
})

test('lock files that name an unrelated process do not prevent a start', async () => {
  const dataDir = await filled(newDataDir())
  const first = await start(dataDir)
  const { host } = first.address
  await first.stop()
  for (const pid of [process.pid, 2_000_000_000]) {
    const lines = `${pid}\n${dataDir}/postgres\n1\n5432\n${host}\n\n 1 1\nready   \n`
    writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), lines)
    writeFileSync(join(host, '.s.PGSQL.5432.lock'), lines)
    const server = await start(dataDir)
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
  }
})

test.each(['', 'x\n'])(
  'lock files that say %j, as a crash of the machine leaves them, do not prevent a start',
  async text => {
    const dataDir = await filled(newDataDir())
    const first = await start(dataDir)
    const { host } = first.address
    await first.stop()
    writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), text)
    writeFileSync(join(host, '.s.PGSQL.5432.lock'), text)
    const server = await start(dataDir)
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
  },
)

test('a server that runs is found although its lock file was emptied', async () => {
  const dataDir = await filled(newDataDir())
  const server = await start(dataDir)
  writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), '')
  expect(await findRunningPostgres(dataDir, 'postgres')).toMatchObject({ pid: server.processId(), isOwned: true })
  await expect(start(dataDir)).rejects.toThrow('Another instance of the service is running')
  expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
})
