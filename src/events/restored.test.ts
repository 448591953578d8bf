import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, eventLogOf, type TestApp } from '../../test/app.ts'
import { newDataDir, removeDataDirs, start, stopServers } from '../../test/embedded-servers.ts'
import { brokenRules } from '../../test/invariants.ts'
import { makeOrders } from '../../test/orders.ts'
import { environmentOf, runCli } from '../../test/run-cli.ts'
import { databaseEnv, endServices, startServiceProcess } from '../../test/service-process.ts'
import { bringUpToDate } from '../database.ts'
import { createLogger } from '../platform/log.ts'
import { createPool, type Pool, type PostgresAddress } from '../platform/postgres.ts'
import { decodeCursor, encodeCursor, logStart } from './checkpoint.ts'
import { lookUpCheckpoint, readLog } from './log.ts'
import { LogHome } from './log-home.ts'
import { enterReader, saveCheckpoint } from './readers.ts'

setDefaultTimeout(60_000)
const log = createLogger({ level: 'silent' })
const never = new AbortController().signal

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
})
afterEach(async () => {
  await endServices()
  await stopServers()
})
afterAll(async () => {
  await t.close()
  removeDataDirs()
})

async function place(prefix: string, count: number): Promise<void> {
  for (const order of makeOrders(count, prefix)) {
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  }
}

/** The tables as a dump restores them: the same rows, and sequences that go on where they were. */
async function copyTables(from: Pool, to: Pool): Promise<void> {
  const tables = [
    'orders',
    'order_items',
    'order_transitions',
    'events',
    'log_readers',
    'order_tallies',
    'ledger_transfers',
  ]
  await to.query('truncate log_readers')
  for (const table of tables) {
    const { rows } = await from.query(`select coalesce(json_agg(t), '[]')::text as rows from ${table} t`)
    await to.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [rows[0].rows])
  }
  const { rows } = await from.query('select last_value from events_position_seq')
  await to.query("select setval('events_position_seq', $1)", [rows[0].last_value])
}

/** Uses up ids of transactions, so that this cluster is ahead of a new one, as one that was in use is. */
async function useUpTransactions(pool: Pool): Promise<void> {
  await pool.query('do $$ begin for n in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$')
}

const uids = (events: readonly { streamId: string }[]) => events.map(event => event.streamId)

describe('tables restored into a new cluster', () => {
  let address: PostgresAddress
  let pool: Pool
  afterEach(() => pool.end())

  /** @returns the checkpoint of the last event, and the one before it */
  async function restore() {
    address = (await start(newDataDir())).address
    await bringUpToDate(address, log, 5_000, never)
    pool = createPool(address, { connectionsMax: 4, name: 'test', log })
    await copyTables(t.pool, pool)
    const { events } = await readLog(eventLogOf(t.pool), logStart, 1_000)
    return events
  }

  test('without more the log would swallow what is new: the fault that is dealt with here', async () => {
    await useUpTransactions(t.pool)
    await place('fault', 3)
    const events = await restore()
    const last = events.at(-1)
    if (last === undefined) throw new Error('there are no events')
    await pool.query(
      "insert into events (stream_id, sequence, type, recorded_at, data) values ('new', 1, 'x', now(), '{}')",
    )
    expect((await readLog(eventLogOf(pool), last.checkpoint, 10)).events).toEqual([])
    const { rows } = await pool.query('select is_log_ahead() as ahead')
    expect(rows).toEqual([{ ahead: true }])
  })

  test('the service notices it at its start: checkpoints and ids stay, and new events come behind the old ones', async () => {
    await useUpTransactions(t.pool)
    await place('kept', 5)
    const before = (await readLog(eventLogOf(t.pool), logStart, 1_000)).events
    const [last, earlier] = [before.at(-1), before.at(-3)]
    if (last === undefined || earlier === undefined) throw new Error('there are no events')
    await enterReader(t.pool, 'kafka')
    await saveCheckpoint(t.pool, 'kafka', earlier.checkpoint)
    await restore()

    const service = await startServiceProcess({ env: databaseEnv(address) })
    expect(service.output()).toContain('its event log goes on behind what it has')
    const order = makeOrders(1, 'after')[0]
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${service.url}/api/orders`, { method: 'POST', headers, body: JSON.stringify(order) })
    expect(answer.status).toBe(201)
    await endServices('SIGTERM')

    // Everything that was in the log is where it was, under the same ids, and what is new is behind it.
    const { events } = await readLog(eventLogOf(pool), logStart, 1_000)
    expect(events.slice(0, -1)).toEqual(before)
    expect(uids(events.slice(-1))).toEqual(['after-0'])
    expect(uids((await readLog(eventLogOf(pool), last.checkpoint, 10)).events)).toEqual(['after-0'])
    // The relay continues where it was: nothing twice, nothing left out.
    const relayed = await readLog(eventLogOf(pool), await enterReader(pool, 'kafka'), 10)
    expect(uids(relayed.events)).toEqual(['kept-3', 'kept-4', 'after-0'])
    // A cursor that the old database issued after the backup is before all that is new here.
    const handedOutLater = decodeCursor(
      `${Number(last.checkpoint.xid) + 500_000}-${Number(last.checkpoint.position) + 900}`,
    )
    if (handedOutLater === undefined) throw new Error('no cursor')
    expect(await lookUpCheckpoint(pool, handedOutLater)).toBe('kept')
    expect(uids((await readLog(eventLogOf(pool), handedOutLater, 10)).events)).toEqual(['after-0'])
    expect(Number(events.at(-1)?.checkpoint.position)).toBeGreaterThan(Number(last.checkpoint.position) + 1_000_000)
    expect(await brokenRules(pool)).toEqual([])
  })

  test('a second start, and one of several at once, leaves the log where it is', async () => {
    await useUpTransactions(t.pool)
    await place('once', 2)
    await restore()
    const shift = async () => (await pool.query('select log_shift() as shift')).rows[0].shift
    const starts = [1, 2, 3].map(() => bringUpToDate(address, log, 5_000, never))
    await Promise.all(starts)
    const first = await shift()
    expect(Number(first)).toBeGreaterThan(1_000_000)
    await bringUpToDate(address, log, 5_000, never)
    expect(await shift()).toBe(first)
  })
})

test('a log in its own cluster is left alone, and what a transaction is called costs nothing', async () => {
  await bringUpToDate(t.address, log, 5_000, never)
  const { rows } = await t.pool.query('select log_shift() as shift, is_log_ahead() as ahead')
  expect(rows).toEqual([{ shift: '0', ahead: false }])
  const plan = await t.pool.query(
    "explain (verbose, costs off) insert into events (stream_id, sequence, type, recorded_at, data) values ('x', 1, 'x', now(), '{}')",
  )
  const text = plan.rows.map(row => row['QUERY PLAN']).join('\n')
  expect(text).toContain('pg_current_xact_id()')
  expect(text).not.toContain('in_log')
})

test('by command the log goes on while the service runs: readers miss nothing, old cursors stay good', async () => {
  await place('live-a', 2)
  const { events } = await readLog(eventLogOf(t.pool), logStart, 1_000)
  const last = events.at(-1)
  if (last === undefined) throw new Error('there are no events')
  const run = await runCli(['db-restored'], environmentOf(t.address))
  expect(run).toMatchObject({ exitCode: 0, err: '' })
  expect(run.out).toContain('continues after everything')
  await place('live-b', 2)
  const after = (await readLog(eventLogOf(t.pool), last.checkpoint, 10)).events
  expect(uids(after)).toEqual(['live-b-0', 'live-b-1'])
  const response = await t.call('GET', `/api/events?after=${encodeCursor(last.checkpoint)}`)
  expect(await response.json()).toMatchObject([{ order_uid: 'live-b-0' }, { order_uid: 'live-b-1' }])
  expect((await t.call('GET', '/api/events?after=9000000000000-1')).status).toBe(400)
})

test.each([
  [
    'this instance settles the log',
    "create or replace function log_home() returns text language sql immutable return ''::text",
  ],
  ['another instance, which had not read them, settled the log', 'select'],
])('what readers have read and a restore has taken is noticed: %s', async (settler, leaveHome) => {
  await place(`read-${settler.length}`, 2)
  const read = eventLogOf(t.pool)
  const { events } = await readLog(read, logStart, 1_000)
  const last = events.at(-1)?.checkpoint
  if (last === undefined) throw new Error('there are no events')
  expect(String(read.newest.xid)).toBe(last.xid)
  const lost = { ...last, xid: String(Number(last.xid) + 1_000) }
  read.newest.note(lost.xid)
  await t.pool.query(leaveHome)
  let continued = 0
  const onContinued = () => {
    continued += 1
  }
  const home = new LogHome({ pool: t.pool, address: t.address, newest: read.newest, onContinued, log })
  await home.look()
  await home.look()
  expect(continued).toBe(1)
  const prefix = `behind-${lost.xid}`
  await place(prefix, 1)
  expect(uids((await readLog(read, lost, 10)).events)).toEqual([`${prefix}-0`])
})
