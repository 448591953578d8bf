import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { createTestApp, eventLogOf, type TestApp } from '../../test/app.ts'
import { createTestDatabase, type TestDatabase } from '../../test/database.ts'
import { newDataDir, removeDataDirs, start, stopServers } from '../../test/embedded-servers.ts'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { makeOrders } from '../../test/orders.ts'
import { environmentOf, runCli } from '../../test/run-cli.ts'
import { followEvents } from '../../test/server-sent-events.ts'
import { databaseEnv, endServices, startServiceProcess } from '../../test/service-process.ts'
import { bringUpToDate, migrations as migrationsFolder } from '../database.ts'
import { encodeCursor, logStart } from '../events/checkpoint.ts'
import { readLog } from '../events/log.ts'
import { modules } from '../modules.ts'
import { createLogger } from '../platform/log.ts'
import { listMigrations, migrate } from '../platform/migrations.ts'
import { createPool, type Pool, type PostgresAddress } from '../platform/postgres.ts'
import { exportState } from './export.ts'
import { importState } from './import.ts'
import { ExportReader } from './reader.ts'
import { exportedTables } from './tables.ts'

setDefaultTimeout(60_000)
const log = createLogger({ level: 'silent' })
const never = new AbortController().signal
const folder = mkdtempSync(join(tmpdir(), 'orders-backup-'))
const migrations = await listMigrations(migrationsFolder)
const migration = migrations.at(-1) ?? ''
async function noMigration(): Promise<void> {}

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  await fill(t)
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

async function place(order: unknown, app = t): Promise<void> {
  expect((await app.call('POST', '/api/orders', { body: order })).status).toBe(201)
}

/** What a way over files and COPY could lose. */
const awkward = 'tab\t newline\n return\r back\\slash "quoted" \u0001 \u2028 \\N \\. ünïcödé 🛒'
const remark = { reason: awkward.replace('\u0001', ''), actor: 'me' }

/** Puts rows into every table, with everything in them that could be lost on the way. */
async function fill(app: TestApp): Promise<void> {
  for (const [index, order] of makeOrders(20, 'kept').entries()) {
    await place(
      {
        ...order,
        note: awkward,
        huge: Number.MAX_SAFE_INTEGER,
        ...(index === 0 && { customer_id: awkward.replace('\u0001', '') }),
      },
      app,
    )
  }
  for (const command of ['hold', 'confirm', 'cancel']) {
    const path = `/api/orders/kept-1/${command}`
    const headers = { 'idempotency-key': `key-${command}` }
    const answer = await app.call('POST', path, {
      body: remark,
      headers,
    })
    expect(answer.status).toBe(200)
  }
  await app.pool.query(`
    insert into order_command_receipts values ('kept-1', 'a command', now());
    insert into event_log_start (xid, position, recorded_before) values ('5', 9, '-infinity');
    insert into log_readers (name, xid, position) select 'kafka', xid, position from events where stream_id = 'kept-5';
    insert into order_tallies values (now() - interval '36 days', 'EUR', 3, 123456789012345678901234567890);
    insert into dead_letters (topic, partition, message_offset, message_key, message_value, headers, message_time, code, detail, violations, digest)
    values ('orders', 0, 9223372036854775807, null, '\\x00ff0a5c', '[["a\\u0000b", "AA=="]]', '2026-01-01T00:00:00.123456Z', 'ORDER_INVALID',
            'why', '[{"pointer": "/\\u0000", "detail": "  spaces  stay "}]', sha256('\\x00ff0a5c'));
    update dead_letters set state = 'discarded', attempts = 1;
    insert into dead_letter_history (letter_id, attempt, outcome, actor, reason, is_edited, recorded_at)
    select id, 1, 'discarded', 'me', 'because', false, now() from dead_letters;
    insert into webhooks (url, description, event_types, secret, created_at, updated_at)
    values ('https://example.com/', '', '{order.placed,"a,b"}', 'whsec_x', now(), now());
    insert into log_readers (name, xid, position) select 'webhook:' || id, '0', 0 from webhooks;
    insert into webhook_retry_queue select id, stream_id, 1, 3, now(), recorded_at from webhooks, events where stream_id = 'kept-2';
    insert into webhook_deliveries (webhook_id, stream_id, sequence, event_id, event_type, attempt, outcome, answer, duration_ms, attempted_at)
    select id, stream_id, 1, position, 'order.placed', 1, 'failed', '', 5, now() from webhooks, events where stream_id = 'kept-2';
    insert into api_keys (name, digest, scopes) values ('a key', '\\xabcd', '{orders:read,orders:write}')`)
}

async function exportText(address: PostgresAddress): Promise<string> {
  const chunks: Buffer[] = []
  const out = new Writable({
    write(chunk, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  await exportState({ address, tables: exportedTables(modules), migration, out, onProgress: () => undefined }, never)
  return Buffer.concat(chunks).toString()
}

function importText(address: PostgresAddress, text: string, change: { migrations?: string[]; folder?: string } = {}) {
  return importState(
    {
      address,
      reader: new ExportReader(Readable.from([Buffer.from(text)])),
      migrations: change.migrations ?? migrations,
      migrate: upTo => migrate(address, change.folder ?? migrationsFolder, upTo),
      onProgress: () => undefined,
    },
    never,
  )
}

/** What may differ between exports: the time of each, and the gap behind which the log continues. */
function comparable(text: string): string[] {
  return text.split('\n').filter(line => !/^\{"(orders_export"|sequence":"events_position_seq")/.test(line))
}

async function withPool<Result>(address: PostgresAddress, work: (pool: Pool) => Promise<Result>): Promise<Result> {
  const pool = createPool(address, { connectionsMax: 2, name: 'test', log })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

test('every table of the database is exported, or declared as left out with a reason', async () => {
  const { rows } = await t.pool.query<{ name: string }>(`
    select relname as name from pg_class
     where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace`)
  const listed = modules.flatMap(({ tables = [] }) => tables.map(({ name }) => name))
  expect(rows.map(({ name }) => name).toSorted()).toEqual(listed.toSorted())
  // A table without rows would prove nothing below.
  for (const { name } of exportedTables(modules))
    expect({ name, rows: (await t.pool.query(`select from ${name}`)).rowCount }).not.toMatchObject({ rows: 0 })
})

test('the commands move it to another cluster: the state is the same, and the service goes on with it', async () => {
  const file = join(folder, 'orders.ndjson')
  const made = await runCli(['export', file, '--json'], environmentOf(t.address))
  expect(made).toMatchObject({ exitCode: 0, err: '' })
  expect(JSON.parse(made.out).rows).toMatchObject({ orders: 20, events: 23, order_transitions: 3, dead_letters: 1 })
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
  expect((await runCli(['verify'], environmentOf(address))).exitCode).toBe(0)
  const counts = 'select * from dead_letter_counts where letters > 0'
  await withPool(address, async pool => {
    expect((await pool.query(counts)).rows).toEqual((await t.pool.query(counts)).rows)
    const last = (await readLog(eventLogOf(t.pool), logStart, 100)).events.at(-1)
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
    // A stream that was read from the old database goes on in the copy, and misses nothing.
    const follower = followEvents(() => `${service.url}/api/events`, encodeCursor(last.checkpoint))
    await eventually('the new event came', () => follower.events.length > 0)
    await follower.stop()
    expect(follower.events).toMatchObject([{ order_uid: 'fresh-0', sequence: 1 }])
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
      await Promise.all(orders.map(order => place(order, busy)))
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

describe('an invalid import', () => {
  let text: string
  let lines: string[]
  let target: TestDatabase
  beforeAll(async () => {
    text = await exportText(t.address)
    lines = text.trimEnd().split('\n')
    target = await createTestDatabase(noMigration)
  })
  afterAll(() => target.drop())

  /** The export with one line changed, made to nothing or cut off. */
  const changed = (pattern: RegExp, change: (line: string) => string) => {
    const index = lines.findIndex(line => pattern.test(line))
    expect(index).toBeGreaterThanOrEqual(0)
    return lines.map((line, at) => (at === index ? change(line) : line)).join('\n')
  }

  test.each<[string, () => string, string]>([
    ['nothing', () => '', 'its first line is not a header'],
    ['rows without a header', () => lines.slice(1).join('\n'), 'its first line is not a header'],
    ['one that was cut off', () => text.slice(0, text.indexOf('"order_items"')), 'is not one of an export'],
    ['one without its end', () => lines.slice(0, -1).join('\n'), 'its end is missing'],
    ['one that lost a row', () => changed(/"order_items"/, () => ''), 'of order_items'],
    ['one with more behind its end', () => `${text}${lines[1]}`, 'comes after the end'],
    ['two in one', () => `${lines.slice(0, -1).join('\n')}\n${text}`, 'is a second header'],
    [
      'a row of no table',
      () => changed(/"order_items"/, line => line.replace('order_items', 'pg_class')),
      'is not a table',
    ],
    [
      'a column that is not there',
      () => changed(/"chrt_id"/, line => line.replace('chrt_id', 'x\\"; drop table orders')),
      'has a column',
    ],
    [
      'a row unlike the one before',
      () => changed(/kept-3","line"/, line => line.replace('chrt_id', 'nm')),
      'has no chrt_id',
    ],
    [
      'no bytes of UTF-8',
      () => changed(/"order_items"/, () => '{"table":"orders","row":{"order_uid":7}}'),
      'is not one of an export',
    ],
    [
      'a value that the database refuses',
      () => changed(/"price":"/, line => line.replace(/"price":"\d+"/, '"price":"-5"')),
      'violates check',
    ],
    ['the same row twice', () => changed(/"orders"/, line => `${line}\n${line}`), 'duplicate key'],
    ['a newer format', () => changed(/orders_export/, line => line.replace(':1,', ':2,')), 'newer version'],
    [
      'newer tables',
      () => changed(/orders_export/, line => line.replace(migration, '9999_later.sql')),
      'newer version',
    ],
  ])('%s: a sentence, and an empty database', async (_, make, sentence) => {
    await expect(importText(target.address, make())).rejects.toThrow(sentence)
    await withPool(target.address, async pool => {
      const { rows } = await pool.query("select to_regclass('orders') as there")
      if (rows[0].there === null) return
      expect((await pool.query('select from orders union all select from events')).rows).toEqual([])
    })
  })

  test('after all of these a complete one is imported, and then no other', async () => {
    await importText(target.address, text)
    expect(comparable(await exportText(target.address))).toEqual(comparable(text))
    await expect(importText(target.address, text)).rejects.toThrow('the database is not empty')
  })
})

test('an export of older tables is migrated, and tables newer than the export refuse it', async () => {
  const text = await exportText(t.address)
  const newer = join(folder, 'migrations')
  cpSync(migrationsFolder, newer, { recursive: true })
  writeFileSync(
    join(newer, '9999_more.sql'),
    "-- More.\nalter table orders add column more text not null default 'filled';",
  )
  const change = { folder: newer, migrations: [...migrations, '9999_more.sql'] }
  const database = await createTestDatabase(noMigration)
  await importText(database.address, text, change)
  await withPool(database.address, async pool => {
    const { rows } = await pool.query('select more, count(*)::int as orders from orders group by 1')
    expect(rows).toEqual([{ more: 'filled', orders: 20 }])
  })
  await database.drop()
  const ahead = await createTestDatabase(noMigration)
  await migrate(ahead.address, newer)
  await expect(importText(ahead.address, text, change)).rejects.toThrow('newer than the export')
  await ahead.drop()
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
  await bringUpToDate(empty.address, log, 5_000, never)
  await empty.drop()
})
