import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Client, escapeIdentifier, escapeLiteral } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { type PostgresAddress, withClient } from '../platform/postgres.ts'
import { type ExportHeader, type ExportLine, formatVersion, type RowCounts } from './format.ts'
import type { ExportedTable } from './tables.ts'

/** A table may be large; the person who waits for the export can cancel it. */
const deadlineMs = 24 * 3_600_000

/** Why there is no export, in a sentence. */
export class ExportError extends Error {
  override readonly name = 'ExportError'
}

export type ExportOptions = {
  address: PostgresAddress
  tables: readonly ExportedTable[]
  /** The last migration that this program has. */
  migration: string
  out: Writable
  /** May be called often. */
  onProgress(rows: number): void
}

/**
 * Writes the whole state: one snapshot of all tables, while the service goes on. The database makes the lines; only what `out`
 * buffers is in memory.
 *
 * @param stop cancels it
 * @returns how many rows of each table were written
 * @throws ExportError when the tables are not those of this program; the database's error, and that of `out`
 */
export function exportState(options: ExportOptions, stop: AbortSignal): Promise<RowCounts> {
  return withClient(options.address, 'orders export', deadlineMs, async client => {
    await client.query('begin isolation level repeatable read read only')
    // Every session is set up like this, but a pooler may lend this transaction another one; a backup must not depend on that.
    await client.query("set local time zone 'UTC'; set local datestyle to 'ISO'; set local bytea_output to 'hex'")
    const counts: RowCounts = {}
    await pipeline(Readable.from(linesOf(client, options, counts)), options.out, { end: false, signal: stop })
    await client.query('commit')
    return counts
  })
}

/** The export as chunks, which may end anywhere. @param counts receives the rows of each table */
async function* linesOf(
  client: Client,
  { tables, migration, onProgress }: ExportOptions,
  counts: RowCounts,
): AsyncGenerator<Uint8Array> {
  yield encode(await readHeader(client, migration))
  let all = 0
  for (const table of tables) {
    let count = 0
    for await (const chunk of await copyRows(client, table)) {
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, end + 1)) count += 1
      onProgress(all + count)
      yield chunk
    }
    counts[table.name] = count
    all += count
  }
  for (const sequence of await readSequences(client)) yield encode(sequence)
  yield encode({ end: counts })
}

function encode(line: ExportLine): Uint8Array {
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

async function readHeader(client: Client, migration: string): Promise<ExportHeader> {
  const { rows } = await client.query<{ applied: string | null; made_at: string; log_until: string }>(`
    select (select name from schema_migrations order by version desc limit 1) as applied,
           to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as made_at,
           to_char((select max(until_time) from event_partitions), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as log_until`)
  const [found] = rows
  if (found === undefined || found.applied !== migration) {
    throw new ExportError(
      `the tables are those of ${found?.applied}, and this program has ${migration}: bring them up to date first, with "migrate"`,
    )
  }
  return { orders_export: formatVersion, made_at: found.made_at, migration, log_until: found.log_until }
}

/** The rows of a table, as lines. */
async function copyRows(client: Client, table: { name: string; order: string }): Promise<AsyncIterable<Buffer>> {
  const { rows: columns } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table.name],
  )
  const fields = columns.map(({ name }) => `${escapeIdentifier(name)}::text`).join(', ')
  const beginning = escapeLiteral(`{"table":${JSON.stringify(table.name)},"row":`)
  // COPY's text format would escape what JSON has escaped. CSV keeps a line as it is if neither quote nor delimiter occurs in it, and
  // JSON has no control characters.
  return client.query(
    copyTo(
      `copy (select ${beginning} || row_to_json(r) || '}' from (select ${fields} from ${table.name} order by ${table.order}) r)
         to stdout (format csv, quote e'\\x01', delimiter e'\\x02')`,
    ),
  )
}

async function readSequences(client: Client): Promise<ExportLine[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'S' and relnamespace = current_schema()::regnamespace order by 1`,
  )
  const sequences: ExportLine[] = []
  for (const { name } of rows) {
    const found = await client.query<{ last_value: string; is_called: boolean }>(
      `select last_value, is_called from ${escapeIdentifier(name)}`,
    )
    sequences.push(...found.rows.map(({ last_value, is_called }) => ({ sequence: name, last_value, is_called })))
  }
  return sequences
}
