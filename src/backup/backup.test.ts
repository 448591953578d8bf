import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestApp, eventLogOf, type TestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { newDataDir, removeDataDirs, start, stopServers } from '../../test/embedded-servers.ts'
import { comparable, exportText, fillTables, importText, place, remark, withPool } from '../../test/exports.ts'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { makeOrders } from '../../test/orders.ts'
import { environmentOf, runCli, runCommand } from '../../test/run-cli.ts'
import { followEvents } from '../../test/server-sent-events.ts'
import { databaseEnv, endServices, startServiceProcess } from '../../test/service-process.ts'
import { encodeCursor, logStart } from '../events/checkpoint.ts'
import { readLog } from '../events/log.ts'
import { modules } from '../modules.ts'
import { exportedTables } from './tables.ts'

setDefaultTimeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'orders-backup-'))
async function noMigration(): Promise<void> {}

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  await fillTables(t)
})
afterEach(async () => {
  await endServices()
  await stopServers()
})
afterAll(async () => {
  await t.close()
  removeDataDirs()
  rmSync(folder, { recursive: true })
})

test('every table of the database is exported, or declared as left out with a reason', async () => {
  const { rows } = await t.pool.query<{ name: string }>(`
    select relname as name from pg_class
     where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace`)
  const listed = modules.flatMap(({ tables = [] }) => tables.map(({ name }) => name))
  expect(rows.map(({ name }) => name).toSorted()).toEqual(listed.toSorted())
  // A table without rows would prove nothing below.
  const empty = []
  for (const { name } of exportedTables(modules)) {
    if ((await t.pool.query(`select from ${name} limit 1`)).rowCount === 0) empty.push(name)
  }
  expect(empty).toEqual([])
})

test('the commands move it to another cluster: the state is the same, and the service goes on with it', async () => {
  const file = join(folder, 'orders.ndjson')
  const made = await runCli(['export', file, '--json'], environmentOf(t.address))
  expect(made).toMatchObject({ exitCode: 0, err: '' })
  const countsOf = ['orders', 'payments', 'dead_letters'].map(name => `(select count(*)::int from ${name}) as ${name}`)
  const { rows: stored } = await t.pool.query(`select ${countsOf.join(', ')}`)
  expect(JSON.parse(made.out).rows).toMatchObject(stored[0])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  const again = await runCli(['export', file], environmentOf(t.address))
  expect(again).toMatchObject({ exitCode: 1, err: expect.stringContaining('is there already') })

  const { address } = await start(newDataDir())
  const read = await runCli(['import', file], environmentOf(address))
  expect(read.err).toContain('verify')
  expect(read).toMatchObject({ exitCode: 0 })
  const copy = await exportText(address)
  expect(comparable(copy)).toEqual(comparable(text))
  expect((await runCommand(['verify'], environmentOf(address))).exitCode).toBe(0)
  const counts = 'select * from dead_letter_counts where letters > 0'
  await withPool(address, async pool => {
    expect((await pool.query(counts)).rows).toEqual((await t.pool.query(counts)).rows)
    const last = (await readLog(eventLogOf(t.pool), logStart, 1_000)).events.at(-1)
    if (last === undefined) throw new Error('there are no events')
    await pool.query('delete from api_keys')
    const service = await startServiceProcess({ env: databaseEnv(address) })
    const headers = { 'content-type': 'application/json' }
    const post = (body: string) => fetch(`${service.url}/api/orders`, { method: 'POST', headers, body })
    const [known, fresh] = [makeOrders(3, 'kept')[2], makeOrders(1, 'fresh')[0]]
    expect((await post(JSON.stringify(fresh))).status).toBe(201)
    // One that the copy knows is a conflict, since the one before had a note.
    expect((await post(JSON.stringify(known))).status).toBe(409)
    // What was answered under a key is answered again.
    const again = await fetch(`${service.url}/api/orders/kept-1/cancel`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': 'key-cancel' },
      body: JSON.stringify(remark),
    })
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    // A stream that was read from the old database goes on in the copy, and misses nothing. Workers find something to do there as well.
    const follower = followEvents(() => `${service.url}/api/events`, encodeCursor(last.checkpoint))
    const ofFresh = () => follower.events.filter(({ order_uid }) => order_uid === 'fresh-0')
    await eventually('the new event came', () => ofFresh().length > 0)
    await follower.stop()
    expect(ofFresh()).toMatchObject([{ order_uid: 'fresh-0', sequence: 1 }])
    const running = await runCli(['import', file], environmentOf(address))
    expect(running).toMatchObject({ exitCode: 1, err: expect.stringContaining('a service is running') })
  })
})

test('an export while orders come in is one snapshot', async () => {
  const busy = await createTestApp()
  const copy = await createTestDatabase(noMigration)
  let isOver = false
  const writing = (async () => {
    for (let round = 0; !isOver; round++) {
      const orders = makeOrders(10, `round${round}`)
      await Promise.all(orders.map(order => place(busy, order)))
      await busy.call('POST', `/api/orders/round${round}-0/cancel`, { body: {} })
    }
  })()
  const texts = [await exportText(busy.address), await exportText(busy.address), await exportText(busy.address)]
  isOver = true
  await writing
  await busy.close()
  await importText(copy.address, texts[2] ?? '')
  await withPool(copy.address, async pool => {
    expect(await brokenRules(pool)).toEqual([])
  })
  await copy.drop()
})

test('standard output has the export alone, and a file that cannot be written is reported in a sentence', async () => {
  const { exitCode, out, err } = await runCli(['export'], environmentOf(t.address))
  expect({ exitCode, isWhole: comparable(out).length === comparable(await exportText(t.address)).length }).toEqual({
    exitCode: 0,
    isWhole: true,
  })
  expect(err).toContain('rows are exported')
  const nowhere = await runCli(['export', join(folder, 'nowhere', 'x.ndjson')], environmentOf(t.address))
  expect(nowhere).toMatchObject({ exitCode: 1, out: '' })
  expect(nowhere.err).toMatch(/^export failed: ENOENT[^\n]*\n$/)
  const target = join(folder, 'given-up.ndjson')
  const empty = await createTestDatabase(noMigration)
  const early = await runCli(['export', target], environmentOf(empty.address))
  expect(early).toMatchObject({ exitCode: 1, err: expect.stringContaining('migrate') })
  expect([target, `${target}.part`].filter(existsSync)).toEqual([])
  expect((await runCommand(['migrate'], environmentOf(empty.address))).exitCode).toBe(0)
  await empty.drop()
})
