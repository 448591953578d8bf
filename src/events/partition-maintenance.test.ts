import { afterEach, describe, expect, test } from 'bun:test'
import { createTestApp, eventLogOf, type TestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { brokenRules } from '../../test/invariants.ts'
import { migrations } from '../database.ts'
import { exampleOrder } from '../orders/example.ts'
import { orderChanged, orderPlaced } from '../orders/messages.ts'
import { copyInto } from '../platform/copy.ts'
import { createLogger } from '../platform/log.ts'
import { migrate } from '../platform/migrations.ts'
import { createPool, inTransaction, type Pool, withConnection } from '../platform/postgres.ts'
import { readOwing } from '../webhooks/retry-queries.ts'
import { appendEvent, copyOfEvents, type NewEvent, notifyOfEvents } from './append.ts'
import { type Checkpoint, encodeCursor, logStart } from './checkpoint.ts'
import { readLog } from './log.ts'
import { maintainPartitions } from './partition-maintenance.ts'
import { enterReader, saveCheckpoint } from './readers.ts'

const log = createLogger({ level: 'silent' })
const dayMs = 86_400_000
const todayMs = Math.floor(Date.now() / dayMs) * dayMs
const daysAgo = (days: number) => new Date(todayMs - days * dayMs + 3_600_000).toISOString()

let t: TestApp

afterEach(() => t.close())

/** As if the log had begun that many days ago, with partitions until `partitionsUntil` days ago, and without readers. */
async function backdate(pool: Pool, days: number, partitionsUntil: number) {
  await pool.query('delete from log_readers')
  const until = new Date(todayMs - (days - 1) * dayMs).toISOString()
  await pool.query(`alter table events detach partition events_first;
    alter table events attach partition events_first for values from (minvalue) to ('${until}')`)
  for (let ago = days - 2; ago >= partitionsUntil; ago -= 1) {
    await pool.query('select add_event_partition($1)', [new Date(todayMs - ago * dayMs)])
  }
}

const event = (streamId: string, recordedAt: string, sequence = 1): NewEvent => ({
  streamId,
  sequence,
  definition: sequence === 1 ? orderPlaced : orderChanged.on_hold,
  recordedAt: new Date(recordedAt),
  data: '{"status":"confirmed"}',
})

const append = (...events: NewEvent[]) =>
  inTransaction(t.pool, async client => {
    for (const one of events) await appendEvent(client, one)
  })

/** Places an order as if it had been placed and held that many days ago. */
async function placed(uid: string, placedDaysAgo: number, heldDaysAgo: number) {
  expect((await t.call('POST', '/api/orders', { body: exampleOrder(uid, Date.now(), Math.random) })).status).toBe(201)
  expect((await t.call('POST', `/api/orders/${uid}/hold`)).status).toBe(200)
  await t.pool.query(
    'update events set recorded_at = case sequence when 1 then $2 else $3 end::timestamptz where stream_id = $1',
    [uid, daysAgo(placedDaysAgo), daysAgo(heldDaysAgo)],
  )
  await t.pool.query('update orders set updated_at = $2 where order_uid = $1', [uid, daysAgo(heldDaysAgo)])
  await t.pool.query('update order_transitions set recorded_at = $2 where order_uid = $1', [uid, daysAgo(heldDaysAgo)])
}

const lookAfter = (retentionDays?: number) =>
  maintainPartitions({
    owing: [readOwing],
    pool: t.pool,
    retentionDays,
    now: Date.now,
    isClockRight: () => true,
    onLooked: () => undefined,
    log,
  })

const partitionNames = async () =>
  (await t.pool.query<{ name: string }>('select name from event_partitions order by until_time')).rows.map(r => r.name)

async function readAll(pool: Pool): Promise<{ uid: string; checkpoint: Checkpoint; recordedAt: string }[]> {
  const all: { uid: string; checkpoint: Checkpoint; recordedAt: string }[] = []
  for (let checkpoint = logStart; ; ) {
    const { events, isAll } = await readLog(eventLogOf(pool), checkpoint, 7)
    all.push(...events.map(one => ({ uid: `${one.streamId} ${one.sequence}`, ...one })))
    checkpoint = events.at(-1)?.checkpoint ?? checkpoint
    if (isAll) return all
  }
}

const uids = async () => (await readAll(t.pool)).map(one => one.uid)

async function broken(): Promise<string[]> {
  // These tests date events back, and leave the sums of the overview and the books as they were.
  const ofTimes = ['order-totals', 'ledger-arrivals']
  const findings = (await brokenRules(t.pool)).filter(({ invariant }) => !ofTimes.includes(invariant))
  return findings.map(({ says, examples }) => `${says}: ${examples}`)
}

describe('what is older than asked for', () => {
  test('is dropped when every reader is past it, and a cursor from before then is refused', async () => {
    t = await createTestApp()
    await backdate(t.pool, 9, -1)
    await placed('gone', 9, 7)
    await placed('half', 7, 1)
    await placed('kept', 0, 0)
    await enterReader(t.pool, 'kafka')
    const before = await readAll(t.pool)
    expect(before.map(one => one.uid)).toEqual(['gone 1', 'gone 2', 'half 1', 'half 2', 'kept 1', 'kept 2'])

    const held = await lookAfter(3)
    expect(held).toMatchObject({ heldBackBy: ['kafka'], beginsMs: undefined })
    expect(held.overdue).toBeGreaterThan(3)
    expect(await uids()).toHaveLength(6)

    const [, second = logStart, third] = before.map(one => one.checkpoint)
    await saveCheckpoint(t.pool, 'kafka', second)
    expect(await lookAfter(3)).toMatchObject({ heldBackBy: ['kafka'] })
    expect(await uids()).toHaveLength(5)
    await saveCheckpoint(t.pool, 'kafka', third ?? logStart)
    expect(await lookAfter(3)).toMatchObject({ heldBackBy: [], overdue: 0, beginsMs: todayMs - 3 * dayMs })
    expect(await uids()).toEqual(['half 2', 'kept 1', 'kept 2'])
    expect((await partitionNames()).length).toBeLessThan(9)

    for (const headers of [{}, { accept: 'text/event-stream' }]) {
      for (const path of ['/api/events', '/api/orders/half/events']) {
        const refused = await t.call('GET', `${path}?after=${encodeCursor(second)}`, { headers })
        expect(refused.status).toBe(410)
        expect(JSON.parse(await refused.text())).toMatchObject({ code: 'CURSOR_DROPPED' })
      }
    }
    for (const checkpoint of [logStart, third ?? logStart]) {
      const page = await t.call('GET', `/api/events?after=${encodeCursor(checkpoint)}`)
      expect(JSON.parse(await page.text())).toHaveLength(3)
    }
    for (const [uid, first, count] of [
      ['gone', '3', 0],
      ['half', '2', 1],
      ['kept', '1', 2],
    ] as const) {
      const history = await t.call('GET', `/api/orders/${uid}/events`)
      expect(history.headers.get('first-sequence')).toBe(first)
      expect(JSON.parse(await history.text())).toHaveLength(count)
    }
    expect(await broken()).toEqual([])
    await t.pool.query("delete from events where stream_id = 'kept'")
    expect(await broken()).toEqual([expect.stringContaining('without a gap: kept')])
  })

  test('stays without the setting, and readers of the newest part pass over it', async () => {
    t = await createTestApp()
    await backdate(t.pool, 5, -1)
    await append(event('old', daysAgo(4)), event('new', daysAgo(0)))
    await lookAfter()
    expect(await uids()).toEqual(['old 1', 'new 1'])
    const { rows } = await t.pool.query('select partition from event_seals')
    expect(rows.length).toBeGreaterThanOrEqual(3)
    const [, last] = await readAll(t.pool)
    expect(await readLog(eventLogOf(t.pool), last?.checkpoint ?? logStart, 10)).toEqual({ events: [], isAll: true })
  })
})

describe('no event is refused', () => {
  test('whose time is that of a partition that was sealed or dropped, or years ahead: it gets the time of the database', async () => {
    t = await createTestApp()
    await backdate(t.pool, 9, -1)
    await lookAfter(3)
    const late = [event('dropped', daysAgo(400)), event('sealed', daysAgo(3)), event('ahead', daysAgo(-4000))]
    await withConnection(t.pool, client => copyInto(client, [copyOfEvents(late)], notifyOfEvents))
    await append(...late.map(one => ({ ...one, sequence: 2 })))
    const stored = await readAll(t.pool)
    expect(stored.map(one => one.uid)).toEqual(
      late.flatMap(one => `${one.streamId} 1`).concat(late.map(o => `${o.streamId} 2`)),
    )
    for (const { recordedAt } of stored) expect(Math.abs(Date.parse(recordedAt) - Date.now())).toBeLessThan(60_000)
    await append(event('yesterday', daysAgo(1)))
    expect((await readAll(t.pool)).at(-1)?.recordedAt).toBe(daysAgo(1))
  })

  test('although partitions have run out: what came meanwhile becomes one, and is read as before', async () => {
    t = await createTestApp()
    await backdate(t.pool, 9, 5)
    await append(event('one', daysAgo(6)), event('two', daysAgo(0)), event('three', daysAgo(0)))
    const before = await readAll(t.pool)
    expect((await t.pool.query('select from events_default')).rowCount).toBe(2)
    await lookAfter(30)
    expect((await t.pool.query('select from events_default')).rowCount).toBe(0)
    expect(await readAll(t.pool)).toEqual(before)
    await append(event('four', daysAgo(0)))
    expect(await uids()).toEqual(['one 1', 'two 1', 'three 1', 'four 1'])
  })

  test('while partitions are added, sealed and dropped by two instances, and a reader misses nothing', async () => {
    t = await createTestApp()
    await backdate(t.pool, 9, 2)
    let isOver = false
    const writing = Array.from({ length: 6 }, async (_, writer) => {
      let written = 0
      for (; !isOver; written += 1) await append(event(`w${writer}-${written}`, daysAgo(written % 2)))
      return written
    })
    const seen: string[] = []
    let checkpoint = logStart
    const readOn = async () => {
      const { events } = await readLog(eventLogOf(t.pool), checkpoint, 50)
      seen.push(...events.map(one => one.streamId))
      checkpoint = events.at(-1)?.checkpoint ?? checkpoint
      return events.length
    }
    const reading = (async () => {
      while (!isOver) await readOn()
    })()
    for (const retentionDays of [undefined, 30, 3])
      await Promise.all([lookAfter(retentionDays), lookAfter(retentionDays)])
    isOver = true
    const counts = await Promise.all(writing)
    await reading
    while ((await readOn()) > 0);
    const expected = counts.flatMap((count, writer) =>
      Array.from({ length: count }, (_, index) => `w${writer}-${index}`),
    )
    expect(expected.length).toBeGreaterThan(20)
    expect(seen.toSorted()).toEqual(expected.toSorted())
    expect((await lookAfter(3)).step).toBeUndefined()
  })
})

test('a log from before the partitions is the same log after the migrations', async () => {
  t = await createTestApp()
  const database = await createTestDatabase(address => migrate(address, migrations, '0007_idempotency_keys.sql'))
  const pool = createPool(database.address, { connectionsMax: 2, name: 'test', log })
  try {
    await pool.query(`insert into events (order_uid, sequence, type, recorded_at, data)
      select 'o' || n, 1, 'order.placed', now() - n * interval '1 day', '{}' from generate_series(-3, 20) n`)
    const read = async (id: string) =>
      (
        await pool.query<{ position: string }>(
          `select xid, position, ${id} as id, sequence, type, recorded_at, data from events order by xid, position`,
        )
      ).rows
    const before = await read('order_uid')
    await migrate(database.address, migrations)
    expect(await read('stream_id')).toEqual(before)
    await inTransaction(pool, client => appendEvent(client, event('after', daysAgo(0))))
    const after = await read('stream_id')
    expect(Number(after.at(-1)?.position)).toBeGreaterThan(Math.max(...before.map(row => Number(row.position))))
    const again = inTransaction(pool, client => appendEvent(client, event('after', daysAgo(0))))
    expect(await again.catch(error => error)).toMatchObject({ code: '23505' })
  } finally {
    await pool.end()
    await database.drop()
  }
})
