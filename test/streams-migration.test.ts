import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { DatabaseError, type Pool } from 'pg'
import { bringUpToDate, migrations } from '../src/database.ts'
import { modules } from '../src/modules.ts'
import { createLogger } from '../src/platform/log.ts'
import { migrate } from '../src/platform/migrations.ts'
import { createPool, faultOf, isOutage, type PostgresAddress } from '../src/platform/postgres.ts'
import { verifyDatabase } from '../src/verify.ts'
import { appOn, type TestApp } from './app.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { makeOrders } from './orders.ts'
import { valuesOf } from './settings.ts'

/** A database that the version before streams has written is the same for this one. */

setDefaultTimeout(60_000)
const log = createLogger({ level: 'silent' })
const lastBefore = '0020_message_tries.sql'
const migrateBefore = (address: PostgresAddress) => migrate(address, migrations, lastBefore)

let database: TestDatabase
let pool: Pool
let app: TestApp['app']
const uids = makeOrders(6, 'before').map(order => order.order_uid)

/** What the version before writes: its statements on its tables, with an order's events in a sealed partition and in open ones. */
async function writeAsBefore(): Promise<void> {
  await makeOldPartitions()
  for (const [index, order] of makeOrders(6, 'before').entries()) {
    const placedAt = `now() - interval '${index === 0 ? 72 : 1} hours'`
    const document = JSON.stringify({ ...order, payment: { ...order.payment, payment_dt: 1 } })
    await pool.query(
      `insert into orders (order_uid, customer_id, track_number, currency, amount, created_at, status, payment_status,
                           delivery_status, version, updated_at, document)
       values ($1, $2, $3, $4, $5, $6, 'confirmed', 'paid', 'unfulfilled', 1, date_trunc('milliseconds', ${placedAt}), $7)`,
      [
        order.order_uid,
        order.customer_id,
        order.track_number,
        order.payment.currency,
        order.payment.amount,
        order.date_created,
        document,
      ],
    )
    await pool.query(
      `insert into order_items select $1, line - 1, (item ->> 'chrt_id')::bigint, (item ->> 'nm_id')::bigint, (item ->> 'price')::bigint,
              (item ->> 'sale')::int, (item ->> 'total_price')::bigint
         from json_array_elements($2::json -> 'items') with ordinality as i (item, line)`,
      [order.order_uid, document],
    )
    await pool.query(
      `insert into events (order_uid, sequence, type, recorded_at, traceparent, data)
       select order_uid, 1, 'order.placed', updated_at, null, '{"status":"confirmed","payment_status":"paid","delivery_status":"unfulfilled"}'
         from orders where order_uid = $1`,
      [order.order_uid],
    )
  }
  await pool.query(`
    with changed as (
      update orders set status = 'on_hold', version = 2, updated_at = date_trunc('milliseconds', now()) where order_uid = 'before-1'
      returning *
    ), recorded as (
      insert into order_transitions select order_uid, 2, 'hold', 'confirmed', 'on_hold', 'why', 'me', updated_at from changed
    )
    insert into events (order_uid, sequence, type, recorded_at, data)
    select order_uid, 2, 'order.on_hold', updated_at, '{"status":"on_hold","payment_status":"paid","delivery_status":"unfulfilled",' ||
           '"version":2,"previous_status":"confirmed","reason":"why","actor":"me"}' from changed;
    insert into order_tallies (bucket, currency, orders, amount)
    select date_bin('10 seconds', e.recorded_at, 'epoch'), currency, count(*), sum(amount)
      from orders join events e using (order_uid) where sequence = 1 group by 1, 2;
    insert into log_readers (name, xid, position) select 'kafka', xid, position from events where order_uid = 'before-3';
    insert into webhooks (url, description, event_types, secret, created_at, updated_at)
    values ('https://example.com/', '', '{*}', 'whsec_x', now(), now());
    insert into log_readers (name, xid, position) select 'webhook:' || id, '0', 0 from webhooks;
    insert into webhook_parked select id, order_uid, 1, 3, now(), recorded_at from webhooks, events where order_uid = 'before-2';
    insert into webhook_deliveries (webhook_id, order_uid, sequence, event_id, event_type, attempt, outcome, answer, duration_ms, attempted_at)
    select id, order_uid, 2, position, 'order.on_hold', 1, 'failed', '', 5, now() from webhooks, events where order_uid = 'before-1' and sequence = 2`)
  await pool.query(
    `select seal_event_partition(name) from event_partitions where until_time < now() - interval '1 day'`,
  )
}

/** Days of the past get partitions, which a log that begins today has none of. */
async function makeOldPartitions(): Promise<void> {
  const dayMs = 86_400_000
  const todayMs = Math.floor(Date.now() / dayMs) * dayMs
  await pool.query(`alter table events detach partition events_first;
    alter table events attach partition events_first for values from (minvalue) to ('${new Date(todayMs - 5 * dayMs).toISOString()}')`)
  for (let ago = 4; ago >= -2; ago -= 1) {
    await pool.query('select add_event_partition($1)', [new Date(todayMs - ago * dayMs)])
  }
}

let positions: unknown[]

beforeAll(async () => {
  database = await createTestDatabase(migrateBefore)
  pool = createPool(database.address, { connectionsMax: 4, name: 'test', log })
  await writeAsBefore()
  positions = (await pool.query('select position, order_uid as id, sequence from events order by xid, position')).rows
  await bringUpToDate(database.address, log, 10_000, new AbortController().signal)
  app = appOn(pool)
})
afterAll(async () => {
  await app.intake.close(1_000)
  await pool.end()
  await database.drop()
})

async function read<Json>(path: string): Promise<Json> {
  const response = await app.fetch(new Request(`http://localhost${path}`))
  expect(response.status).toBe(200)
  return response.json() as Promise<Json>
}

test('its events keep their ids and their orders', async () => {
  const { rows } = await pool.query('select position, stream_id as id, sequence from events order by xid, position')
  expect(rows).toEqual(positions)
  const events =
    await read<{ type: string; stream_type: string; stream_id: string; order_uid: string; data: object }[]>(
      '/api/events',
    )
  expect(events.map(({ stream_id }) => stream_id)).toEqual([...uids, 'before-1'])
  for (const event of events) expect(event).toMatchObject({ stream_type: 'order', order_uid: event.stream_id })
  expect(events[0]?.data).toMatchObject({ order_uid: 'before-0', status: 'confirmed' })
  const history = await read<{ type: string }[]>('/api/orders/before-1/events')
  expect(history.map(({ type }) => type)).toEqual(['order.placed', 'order.on_hold'])
})

test('it verifies, and goes on: orders, commands and partitions, beside other streams with the same ids', async () => {
  const body = JSON.stringify(makeOrders(1, 'after')[0])
  const headers = { 'content-type': 'application/json' }
  const post = (path: string, sent?: string) =>
    app.fetch(
      new Request(`http://localhost${path}`, {
        method: 'POST',
        headers,
        ...(sent === undefined ? {} : { body: sent }),
      }),
    )
  expect((await post('/api/orders', body)).status).toBe(201)
  // Of an order whose first event is sealed.
  expect((await post('/api/orders/before-0/hold')).status).toBe(200)
  await pool.query(`select add_event_partition(now() + interval '9 days')`)
  const { results } = await verifyDatabase(pool, modules, { nowMs: Date.now(), ...valuesOf() })
  expect(results.filter(({ broken }) => broken > 0)).toEqual([])
  const { rows } = await pool.query<{ key: string }>(`
    select distinct pg_get_constraintdef(k.oid) as key
      from pg_inherits i join pg_constraint k on k.conrelid = i.inhrelid and k.contype = 'p'
     where i.inhparent = 'events'::regclass order by 1`)
  expect(rows.map(({ key }) => key)).toEqual([
    'PRIMARY KEY (stream_id, sequence)',
    'PRIMARY KEY (stream_id, stream_type, sequence)',
  ])
  await pool.query(`insert into events (stream_type, stream_id, sequence, type, recorded_at, data)
    values ('item', 'before-1', 2, 'stock.held', now(), '{}')`)
})

test('retry queue and delivery log of webhooks are kept', async () => {
  const [delivery] = await read<unknown[]>('/api/webhooks/1/deliveries?order_uid=before-1')
  expect(delivery).toMatchObject({ stream_type: 'order', stream_id: 'before-1', order_uid: 'before-1', sequence: 2 })
  expect(await read<object>('/api/webhooks/1')).toMatchObject({ parked: 1 })
})

test('the previous version is rejected, so that it retries: it neither writes nor reads the new log', async () => {
  const statements = {
    place: `copy events (order_uid, sequence, type, recorded_at, traceparent, data) from stdin (format binary)`,
    command: `insert into events (order_uid, sequence, type, recorded_at, traceparent, data) values ('x', 1, 'y', now(), null, '{}')`,
    history: `select sequence from events where order_uid = 'before-1'`,
    retries: `delete from webhook_parked where webhook_id = 1`,
    relay: `select xid, position, order_uid, sequence, type, data from events_after('0', 0, 10)`,
    types: `select xid, order_uid from events_of_types_before('{order.on_hold}', '9', 0, 10)`,
  }
  const errors = new Map<string, unknown>()
  for (const [name, statement] of Object.entries(statements)) {
    errors.set(name, await pool.query(statement).catch(error => error))
  }
  for (const error of errors.values()) {
    expect(error).toBeInstanceOf(DatabaseError)
    // The intake takes it for an outage: HTTP 503, and messages wait.
    expect(faultOf(error)).toBe('outage')
  }
  expect(['relay', 'types'].map(name => isOutage(errors.get(name)))).toEqual([true, true])
})
