import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import type { Module } from '../src/module.ts'
import { modules } from '../src/modules.ts'
import { verifyDatabase } from '../src/verify.ts'
import { createTestApp } from './app.ts'
import { createFilledApp } from './filled-database.ts'
import { brokenRules } from './invariants.ts'
import { valuesOf } from './settings.ts'

/**
 * What `verify` notices: each column of each table is changed by itself in a database that the service has filled, and each row
 * is removed. What it does not notice is listed in docs/verify.md with the reason, and nothing else may be.
 */

setDefaultTimeout(240_000)

let t: Awaited<ReturnType<typeof createFilledApp>>
let client: PoolClient

beforeAll(async () => {
  t = await createFilledApp()
  client = await t.pool.connect()
})

afterAll(async () => {
  client.release(true)
  await t.close()
})

type Column = { table: string; column: string; type: string; udt: string }

/** Of an order's later events, which are filled in any order, the one that its state follows. */
const isLast = 'sequence > 1 and sequence = (select version from orders where order_uid = stream_id)'

/** The rows of a table that stand for its kinds; any row where nothing is said. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  orders: ["version = 1 and order_uid <> 'filled-7'", 'version > 1'],
  order_transitions: [
    "command = 'pay'",
    "command = 'deliver'",
    "command = 'confirm' and from_status = 'pending'",
    "command = 'hold'",
    "command = 'correct'",
    "command = 'erase'",
  ],
  order_corrections: ['version = 3'],
  events: [
    "stream_type = 'order' and sequence = 1 and stream_id <> 'filled-8'",
    `stream_type = 'order' and stream_id like 'filled-%' and ${isLast} and type <> 'order.payment_status_changed'`,
    `type = 'order.payment_status_changed' and ${isLast}`,
    "type = 'order.confirmed' and stream_id = 'filled-0'",
    "type = 'stock.adjusted'",
    "type = 'stock.shortfall' and stream_id = 'filled-waiting'",
    "type = 'stock.allocated'",
    "type = 'shipment.delivered'",
    "type = 'order.delivery_status_changed'",
    "type = 'return.refunded'",
    "type = 'payment.captured'",
    "type = 'payment.issue_opened' and stream_id in (select issue_id from payment_issues where state = 'open')",
    "type = 'payment.issue_opened' and stream_id in (select issue_id from payment_issues where state = 'resolved')",
    "type = 'payment.issue_resolved'",
  ],
  payments: ["state = 'captured' and payment_id <> order_uid"],
  payment_operations: ["kind = 'capture' and state = 'succeeded'", "kind = 'refund' and rids <> '{}'"],
  payment_issues: ["state = 'open'", "state = 'resolved'"],
  carts: ["state = 'open' and abandoned_at is not null", "state = 'checked_out'", "state = 'merged'"],
  discounts: ["kind = 'percent'", "kind = 'fixed'"],
  dead_letters: ["state = 'open' and attempts = 0", "state = 'replayed'", "state = 'discarded'"],
  dead_letter_history: ["outcome = 'placed'", "outcome = 'refused'", "outcome = 'discarded'"],
  ledger_transfers: ["kind = 'sale' and orders is not null", "kind = 'capture' and orders is not null"],
  stock_reservations: ["state = 'held'", "state = 'committed'", "state = 'shipped'", "state = 'released'"],
  stock_shortfalls: ['chrt_id = 900002', 'chrt_id = 900001'],
  stock_waits: ["state = 'waiting'", "state = 'allocated'"],
  shipments: ["state = 'planned'", "state = 'shipped'", "state = 'delivered'", "state = 'cancelled'"],
  shipment_units: ['shipped_from is null', 'shipped_from is not null and is_live', 'not is_live'],
  returns: ["state = 'requested'", "state = 'received'", "state = 'refunded'"],
  return_units: ['condition is null and is_live', 'is_stocked', "condition = 'missing'"],
  shipment_estimates: ['promised_by is not null'],
  log_readers: ["name = 'kafka'", "name <> 'kafka'"],
  stock_movements: ["kind = 'received'", "kind = 'transferred' and quantity > 0", "kind = 'adjusted' and quantity < 0"],
  stock_counts: ['movement_id is not null', 'is_applied and movement_id is null', 'not is_applied'],
  parcels: ["number = 'FILLED1'", "status = 'delivered'", 'silent_at is not null', 'shipped_since is null'],
  parcel_checkpoints: ["number = 'FILLED1' and checkpoint_id <> ''", "number = 'FILLED2' and status = 'delivered'"],
  stock: ["location = 'main' and backorder_limit > 0", "location = 'filled'"],
  webhooks: ['disabled_at is null', 'disabled_at is not null'],
  webhook_deliveries: ["outcome = 'failed'", "outcome = 'delivered'"],
}

/** A value that is as good as the old one by the column's type. */
const changes: Readonly<Record<string, (column: string) => string>> = {
  text: column => `coalesce(${column}, '') || 'x'`,
  integer: column => `coalesce(${column}, 0) + 1`,
  smallint: column => `coalesce(${column}, 0) + 1`,
  bigint: column => `coalesce(${column}, 0) + 1`,
  numeric: column => `${column} + 1`,
  'timestamp without time zone': column => `coalesce(${column}, now()) + interval '1 second'`,
  'timestamp with time zone': column => `coalesce(${column}, now()) + interval '1 second'`,
  boolean: column => `not ${column}`,
  uuid: () => 'gen_random_uuid()',
  bytea: column => `coalesce(${column}, '') || '\\x00'`,
  json: () => `'{"changed":true}'`,
  jsonb: () => `'{"USD":1}'`,
  tsvector: () => `'changed'`,
  xid8: column => `(${column}::text::bigint + 1000000000)::text::xid8`,
  ARRAY: column => `array_append(${column}, 'changed')`,
}

/** Other changes, where one by type says little. */
const ownChanges: Readonly<Record<string, readonly string[]>> = {
  'events.position': [
    'position + 1000000000000',
    '(select max(position) from events e where e.position <> events.position)',
  ],
  'events.type': ["'order.completed'"],
  'events.data': [
    ...[
      'status',
      'payment_status',
      'delivery_status',
      'previous_status',
      'previous_payment_status',
      'reason',
      'actor',
    ].map(field => `replace(data, '"${field}":"', '"${field}":"x')`),
    ...['version', 'quantity', 'wanted', 'left', 'chrt_id'].map(
      field => `replace(data, '"${field}":', '"${field}":1')`,
    ),
    `replace(data, '"location":"', '"location":"x')`,
    'left(data, -1)',
    "'no JSON'",
  ],
  'orders.document': [
    `replace(document, '"address":"', '"address":"x')`,
    `regexp_replace(document, '"amount":', '"amount":1')`,
    `regexp_replace(document, '"price":', '"price":1')`,
    `left(document, -1) || ',"note":""}'`,
    `replace(document, '"USD"', '"EUR"')`,
    "'no JSON'",
  ],
  'tracking_link_secret.secret': ["sha256('another')"],
  'log_readers.position': ['position + 1000000000000'],
  'event_seals.position': ['position + 1'],
  'event_log_start.position': ['position + 1000000000000'],
  'dead_letters.state': [
    "case state when 'open' then 'discarded' else 'open' end",
    "case state when 'replayed' then 'discarded' else 'replayed' end",
  ],
}

function changesOf({ table, column, type, udt }: Column): readonly string[] {
  const own = ownChanges[`${table}.${column}`]
  if (own !== undefined) return own
  // Another value of an enum: its first, or its last.
  if (type === 'USER-DEFINED') {
    const values = `enum_range(null::${udt})`
    return [`case when ${column} = (${values})[1] then (${values})[2] else (${values})[1] end`]
  }
  const change = changes[type]
  if (change === undefined) throw new Error(`no change is known for ${table}.${column}, a ${type}`)
  return [change(column)]
}

async function readColumns(): Promise<Column[]> {
  const { rows } = await t.pool.query<Column>(
    `select c.table_name as table, c.column_name as column, c.data_type as type, c.udt_name as udt
       from information_schema.columns c
       join pg_class r on r.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
      where c.table_schema = current_schema() and r.relkind in ('r', 'p') and not r.relispartition
      order by c.table_name, c.ordinal_position`,
  )
  return rows
}

/** What docs/verify.md says is not noticed: columns as `table.column`, and tables of which a row may be missing. */
function readListed(): { columns: string[]; rows: string[] } {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'verify.md'), 'utf8').replaceAll('\n  ', ' ')
  const entries = [...text.matchAll(/^- `(\w+)`: (.*?) — (.*)$/gm)]
  expect(entries.filter(([, , , reason = '']) => reason.length < 20)).toEqual([])
  return {
    columns: entries.flatMap(([, table, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => `${table}.${name}`),
    ),
    rows: entries.flatMap(([, table = '', names = '']) => (names.endsWith('and a row that is missing') ? [table] : [])),
  }
}

/** The pool as `verify` sees it: everything happens in the transaction that is taken back afterwards. */
function poolOfTransaction(): Pool {
  let isBroken = false
  const query = async (statement: unknown, ...rest: unknown[]) => {
    const ask = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    if (isBroken) await client.query('rollback to savepoint verified; release savepoint verified')
    isBroken = false
    if (typeof statement !== 'string') return ask(statement, ...rest)
    if (statement === 'commit') return ask('close all; release savepoint verified')
    return ask(statement.replace(/^begin[^;]*;/, 'savepoint verified;'), ...rest)
  }
  const release = (error?: unknown) => {
    isBroken = error === true
  }
  return { connect: async () => ({ query, release }) } as unknown as Pool
}

/** Every check and every inspection as a module of its own, with the tables that it reads. */
let parts: { part: Module; reads: ReadonlySet<string> }[]

/**
 * Finds what each part of `verify` reads by the locks that it leaves: PostgreSQL locks each table of a statement, also those behind views
 * and functions. A part that does not read the table that was changed says what it said before.
 */
async function readParts(): Promise<typeof parts> {
  const found: typeof parts = []
  for (const module of modules) {
    const { checks = [], inspections = [] } = module
    const single = [
      ...inspections.map(inspection => ({ ...module, checks: [], inspections: [inspection] })),
      ...checks.map(check => ({ ...module, checks: [check], inspections: [] })),
    ]
    for (const part of single) {
      await client.query('begin')
      await findBroken(part)
      const { rows } = await client.query<{ table: string }>(
        `select distinct coalesce(i.inhparent, l.relation)::regclass::text as table
           from pg_locks l left join pg_inherits i on i.inhrelid = l.relation
          where l.pid = pg_backend_pid() and l.locktype = 'relation'`,
      )
      await client.query('rollback')
      found.push({ part, reads: new Set(rows.map(({ table }) => table)) })
    }
  }
  return found
}

async function findBroken(part: Module): Promise<string | undefined> {
  const { results } = await verifyDatabase(poolOfTransaction(), [part], { nowMs: Date.now(), ...valuesOf() })
  return results.find(({ broken }) => broken > 0)?.says
}

/** What is found, or which constraint has refused the change; undefined when the change is not noticed. */
async function whatNotices(change: string, table: string): Promise<string | undefined> {
  parts ??= await readParts()
  await client.query('begin')
  try {
    const { rowCount } = await client.query(change)
    if (rowCount === 0) throw new Error(`this changes nothing: ${change}`)
    for (const one of parts) {
      if (!one.reads.has(table)) continue
      const noticed = await findBroken(one.part)
      if (noticed === undefined) continue
      // Most changes of a table are noticed by the same few parts.
      parts = [one, ...parts.filter(other => other !== one)]
      return noticed
    }
    return undefined
  } catch (error) {
    // The database itself refuses it: by a constraint (class 23), or since it gives the ids (428C9).
    if (error instanceof DatabaseError && /^23|^428C9$/.test(error.code ?? '')) return error.message
    throw error
  } finally {
    await client.query('rollback')
  }
}

/** Changes by programs fire triggers, damage does not. */
async function withoutTriggers(): Promise<void> {
  for (const table of ['orders', 'dead_letters']) await t.pool.query(`alter table ${table} disable trigger user`)
}

/** The newest row of a kind. Where events lie in their table says less: each connection fills a page of its own. */
function rowOf(table: string, kind: string): string {
  const order = table === 'events' ? 'xid desc, position desc' : 'tableoid desc, ctid desc'
  return `(tableoid, ctid) = (select tableoid, ctid from ${table} where ${kind} order by ${order} limit 1)`
}

test('a database written only by the service keeps every guarantee', async () => {
  const columns = await readColumns()
  for (const table of new Set(columns.map(column => column.table))) {
    for (const kind of kinds[table] ?? ['true']) {
      const { rowCount } = await t.pool.query(`select from ${table} where ${kind} limit 1`)
      expect([table, kind, rowCount]).toEqual([table, kind, 1])
    }
  }
  const { results, remarks } = await verifyDatabase(t.pool, modules, {
    nowMs: Date.now(),
    ...valuesOf(),
  })
  expect(results.filter(({ broken }) => broken > 0)).toEqual([])
  expect(remarks).toEqual([expect.stringMatching(/^[1-9]\d orders$/), expect.stringMatching(/^[1-9] parcels$/)])
})

test('a subscription that has read nothing yet, at the end of the log, breaks no guarantee', async () => {
  const idle = await createTestApp()
  const body = { url: 'http://127.0.0.1:9/', event_types: ['*'] }
  expect((await idle.call('POST', '/api/webhooks', { body })).status).toBe(201)
  expect(await brokenRules(idle.pool)).toEqual([])
  await idle.close()
})

test('a change to any column is noticed, or docs/verify.md says why not', async () => {
  await withoutTriggers()
  const unnoticed: string[] = []
  for (const column of await readColumns()) {
    const name = `${column.table}.${column.column}`
    for (const kind of kinds[column.table] ?? ['true']) {
      for (const value of changesOf(column)) {
        const row = rowOf(column.table, kind)
        // A change that leaves the row as it is says nothing.
        const update = `update ${column.table} set ${column.column} = ${value} where ${row}`
        const isChange = `select from ${column.table} where ${row} and (${value})::text is distinct from ${column.column}::text`
        if ((await client.query(isChange)).rowCount === 0) continue
        if ((await whatNotices(update, column.table)) === undefined) unnoticed.push(name)
      }
    }
  }
  expect([...new Set(unnoticed)].toSorted()).toEqual(readListed().columns.toSorted())
})

test('the removal of any row is noticed, or docs/verify.md says why not', async () => {
  await withoutTriggers()
  const unnoticed: string[] = []
  for (const table of new Set((await readColumns()).map(column => column.table))) {
    for (const kind of kinds[table] ?? ['true']) {
      if ((await whatNotices(`delete from ${table} where ${rowOf(table, kind)}`, table)) === undefined)
        unnoticed.push(table)
    }
  }
  expect([...new Set(unnoticed)].toSorted()).toEqual(readListed().rows.toSorted())
})

/** Rows too many, and numbers that contradict each other, each with the check that is there for it. */
const contradictions: readonly (readonly [check: string, change: string])[] = [
  [
    'shipment-parts',
    `insert into shipment_units (order_uid, shipment_id, line, rid, chrt_id, is_live)
     select order_uid, shipment_id, 99, 'not ordered', 1, true from shipments where state = 'shipped' limit 1`,
  ],
  [
    'shipment-stock',
    `delete from stock_movements where ${rowOf('stock_movements', "kind = 'shipped' and shipment_id is not null")}`,
  ],
  [
    'shipment-stock',
    `update shipment_units set shipped_from = null, was_reserved = false where ${rowOf('shipment_units', 'shipped_from is not null')}`,
  ],
  [
    'return-parts',
    `insert into return_units (order_uid, return_id, line, rid, chrt_id, shipment_id, amount, is_live)
     select order_uid, return_id, 99, 'not shipped', 1, 'shp_none', 0, true from returns where state = 'requested' limit 1`,
  ],
  ['return-refunds', `update return_units set amount = 1000000 where ${rowOf('return_units', 'is_live')}`],
  [
    'delivery-status',
    `update orders set delivery_status = 'shipped' where ${rowOf('orders', "delivery_status = 'delivered'")}`,
  ],
]

test('units that were not ordered or not shipped, stock without a movement, and a status that no unit has are noticed', async () => {
  await withoutTriggers()
  const unnoticed: string[] = []
  for (const [name, change] of contradictions) {
    const [part] = modules.flatMap(module =>
      (module.checks ?? []).flatMap(check =>
        check.name === name ? { ...module, checks: [check], inspections: [] } : [],
      ),
    )
    if (part === undefined) throw new Error(`there is no check ${name}`)
    await client.query('begin')
    expect([name, (await client.query(change)).rowCount]).toEqual([name, 1])
    if ((await findBroken(part)) === undefined) unnoticed.push(name)
    await client.query('rollback')
  }
  expect(unnoticed).toEqual([])
})
