import { expect } from 'bun:test'
import { Readable, Writable } from 'node:stream'
import { exportState } from '../src/backup/export.ts'
import { importState } from '../src/backup/import.ts'
import { ExportReader } from '../src/backup/reader.ts'
import { exportedTables } from '../src/backup/tables.ts'
import { migrations as migrationsFolder } from '../src/database.ts'
import { modules } from '../src/modules.ts'
import { createLogger } from '../src/platform/log.ts'
import { listMigrations, migrate } from '../src/platform/migrations.ts'
import { createPool, type Pool, type PostgresAddress } from '../src/platform/postgres.ts'
import type { TestApp } from './app.ts'
import { fillCarts } from './filled-carts.ts'
import { fillDeliveries } from './filled-deliveries.ts'
import { fillInventory } from './filled-inventory.ts'
import { fillPayments } from './filled-payments.ts'
import { fillPrices } from './filled-prices.ts'
import { fillReservations } from './filled-reservations.ts'
import { fillReturns } from './filled-returns.ts'
import { fillSettlements } from './filled-settlements.ts'
import { fillTracking } from './filled-tracking.ts'
import { makeOrders } from './orders.ts'

const never = new AbortController().signal
/** The names of all migrations, and of the last. */
export const migrations = await listMigrations(migrationsFolder)
export const migration = migrations.at(-1) ?? ''

/** Places an order. */
export async function place(app: TestApp, order: unknown): Promise<void> {
  expect((await app.call('POST', '/api/orders', { body: order })).status).toBe(201)
}

/** What a way over files and COPY could lose. */
const awkward = 'tab\t newline\n return\r back\\slash "quoted" \u0001 \u2028 \\N \\. ünïcödé 🛒'
/** The body of a command, as texts that the API takes. */
export const remark = { reason: awkward.replace('\u0001', ''), actor: 'me' }

/** Puts rows into every table, with everything in them that could be lost on the way. */
export async function fillTables(app: TestApp): Promise<void> {
  for (const [index, order] of makeOrders(20, 'kept').entries()) {
    await place(app, {
      ...order,
      note: awkward,
      huge: Number.MAX_SAFE_INTEGER,
      ...(index === 0 && { customer_id: awkward.replace('\u0001', '') }),
      ...(index === 19 && { customer_id: 'erased' }),
    })
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
  const corrected = await app.call('POST', '/api/orders/kept-18/delivery', {
    body: { address: remark.reason, ...remark },
  })
  const erased = await app.call('POST', '/api/customers/erased/erase', { body: remark })
  expect([corrected.status, erased.status]).toEqual([200, 200])
  await fillCarts(app)
  await fillPayments(app)
  await fillReservations(app)
  await fillDeliveries(app)
  await fillReturns(app)
  await fillInventory(app)
  await fillTracking(app)
  await fillSettlements(app.address)
  await fillPrices(app, 'kept')
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
    insert into ledger_start (recorded_at) values (now() - interval '1 day');
    insert into api_keys (name, digest, scopes) values ('a key', '\\xabcd', '{orders:read,orders:write}')`)
}

/** The export of a database. */
export async function exportText(address: PostgresAddress): Promise<string> {
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

/**
 * Imports an export.
 *
 * @param change migrations of its own
 */
export function importText(
  address: PostgresAddress,
  text: string,
  change: { migrations?: string[]; folder?: string } = {},
) {
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
export function comparable(text: string): string[] {
  return text.split('\n').filter(line => !/^\{"(orders_export"|sequence":"events_position_seq")/.test(line))
}

/** Runs `work` with a pool that it ends. */
export async function withPool<Result>(
  address: PostgresAddress,
  work: (pool: Pool) => Promise<Result>,
): Promise<Result> {
  const pool = createPool(address, { connectionsMax: 2, name: 'test', log: createLogger({ level: 'silent' }) })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}
