import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Client, escapeIdentifier } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { type PostgresAddress, withClient } from '../platform/postgres.ts'
import { type ExportHeader, type ExportLine, formatVersion, type RowCounts } from './format.ts'
import { type ExportReader, ImportError } from './reader.ts'

/** An import may be large; the person who waits for it can cancel it. */
const deadlineMs = 24 * 3_600_000

/** Tables that migrations fill themselves: their rows do not mean that the database is in use, and give way to those of the export. */
const filled = ['log_readers', 'locations', 'tracking_link_secret']
const technical = ['schema_migrations', ...filled]

export type ImportOptions = {
  address: PostgresAddress
  reader: ExportReader
  /** The migrations that this program has, in their order. */
  migrations: readonly string[]
  /** Brings the tables up to date, up to a migration if one is named. */
  migrate(upTo?: string): Promise<unknown>
  /** May be called often. */
  onProgress(rows: number): void
}

/**
 * Reads an export into an empty database: all of it or nothing. The tables are first made as they were when the export was made
 * and brought up to date at the end, so that exports of older versions can be read.
 *
 * @param stop cancels it
 * @returns how many rows of each table there are
 * @throws ImportError for a file that is no complete export, and for a database that cannot take it; the database's error
 */
export async function importState(options: ImportOptions, stop: AbortSignal): Promise<RowCounts> {
  const { address, reader, migrations, migrate } = options
  const header = await readHeader(reader, migrations)
  const counts = await withClient(address, 'orders import', deadlineMs, async client => {
    await refuseWhileServing(client)
    await refuseNewerTables(client, header)
    await migrate(header.migration)
    await client.query('begin')
    const tables = await lockEmptyTables(client)
    await makeRoomInLog(client, header)
    for (const name of filled) if (tables.has(name)) await client.query(`delete from ${escapeIdentifier(name)}`)
    const counts = await readRows(client, options, tables, stop)
    await client.query('select continue_log()')
    await client.query('commit')
    // Otherwise the planner assumes that the tables are empty.
    await client.query('analyze')
    return counts
  })
  await migrate()
  return counts
}

async function readHeader(reader: ExportReader, migrations: readonly string[]): Promise<ExportHeader> {
  const header = await reader.next()
  if (header === undefined || !('orders_export' in header))
    throw new ImportError('this is not an export: its first line is not a header')
  if (header.orders_export !== formatVersion || !migrations.includes(header.migration)) {
    throw new ImportError(
      `the export was made by a newer version of the program (format ${header.orders_export}, ${header.migration}): import it with that`,
    )
  }
  return header
}

/** Refuses while a service runs: it would have keys and orders in memory that are not those of the import. */
async function refuseWhileServing(client: Client): Promise<void> {
  const { rows } = await client.query<{ instances: number }>(
    `select count(*)::int as instances from pg_stat_activity
      where datname = current_database() and application_name in ('orders', 'orders listener')`,
  )
  if (rows[0]?.instances !== 0) throw new ImportError('a service is running on this database: stop it first')
}

async function refuseNewerTables(client: Client, { migration }: ExportHeader): Promise<void> {
  const { rows: made } = await client.query("select from pg_class where oid = to_regclass('schema_migrations')")
  if (made.length === 0) return
  const { rows } = await client.query('select name from schema_migrations where name > $1 limit 1', [migration])
  if (rows.length === 0) return
  throw new ImportError(
    `the tables here are newer than the export, which was made at ${migration}: import it into a database without tables ("migrate --no-tables" sets one up)`,
  )
}

/** The columns of every table by its name. */
type Tables = ReadonlyMap<string, ReadonlySet<string>>

/** Locks every table against other writers. @throws ImportError when one has rows */
async function lockEmptyTables(client: Client): Promise<Tables> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text) as columns
       from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = current_schema()::regnamespace
      group by 1 order by 1`,
  )
  for (const { name } of rows) {
    if (technical.includes(name)) continue
    await client.query(`lock table ${escapeIdentifier(name)} in access exclusive mode`)
    const { rows: some } = await client.query(`select from ${escapeIdentifier(name)} limit 1`)
    if (some.length > 0) {
      throw new ImportError(
        `the database is not empty, ${name} has rows: import into a new one ("db-reset" removes the service's own, "migrate" sets a new one up)`,
      )
    }
  }
  return new Map(rows.map(({ name, columns }) => [name, new Set(columns)]))
}

/** Adds the partitions that the events of the export need, so that their times stay as they are. */
async function makeRoomInLog(client: Client, { log_until }: ExportHeader): Promise<void> {
  await client.query(
    'select add_event_partition($1::timestamptz) where $1::timestamptz > (select max(until_time) from event_partitions)',
    [log_until],
  )
}

/** Reads everything after the header, and checks that the export is complete. */
async function readRows(
  client: Client,
  { reader, onProgress }: ImportOptions,
  tables: Tables,
  stop: AbortSignal,
): Promise<RowCounts> {
  const counts: RowCounts = {}
  let all = 0
  for (;;) {
    const line = await reader.peek()
    if (line === undefined) throw new ImportError('the export is incomplete: its end is missing')
    if ('table' in line) {
      const count = await copyRows(client, reader, line, tables, stop, count => onProgress(all + count))
      counts[line.table] = (counts[line.table] ?? 0) + count
      all += count
      continue
    }
    await reader.next()
    if ('sequence' in line) await setSequence(client, reader, line)
    else if ('end' in line) {
      const wrong = Object.entries(line.end).find(([table, count]) => (counts[table] ?? 0) !== count)
      if (wrong !== undefined) {
        throw new ImportError(
          `the export is incomplete: of ${wrong[0]} ${counts[wrong[0]] ?? 0} of ${wrong[1]} rows are there`,
        )
      }
      if ((await reader.next()) !== undefined) throw reader.wrong('comes after the end')
      return counts
    } else throw reader.wrong('is a second header')
  }
}

type Row = Extract<ExportLine, { table: string }>

/** Copies consecutive rows of one table. @returns how many */
async function copyRows(
  client: Client,
  reader: ExportReader,
  first: Row,
  tables: Tables,
  stop: AbortSignal,
  onProgress: (rows: number) => void,
): Promise<number> {
  const columns = Object.keys(first.row)
  const known = tables.get(first.table)
  if (known === undefined || technical[0] === first.table)
    throw reader.wrong(`has rows of ${first.table}, which is not a table`)
  const unknown = columns.find(column => !known.has(column))
  if (unknown !== undefined || columns.length === 0)
    throw reader.wrong(`has a column that ${first.table} has not: ${unknown}`)
  let count = 0
  const lines = async function* () {
    for (let line = await reader.peek(); line !== undefined && 'table' in line; line = await reader.peek()) {
      if (line.table !== first.table) return
      await reader.next()
      yield Buffer.from(encodeRow(line, columns, reader))
      onProgress(++count)
    }
  }
  const names = columns.map(escapeIdentifier).join(', ')
  const copy = client.query(copyFrom(`copy ${escapeIdentifier(first.table)} (${names}) from stdin`))
  await pipeline(Readable.from(lines(), { objectMode: false }), copy, { signal: stop })
  return count
}

/** The four characters that COPY's text format escapes. */
const copyEscapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function encodeRow({ table, row }: Row, columns: readonly string[], reader: ExportReader): string {
  const fields = columns.map(column => {
    const value = row[column]
    if (value === undefined) throw reader.wrong(`has no ${column}, which the row of ${table} before it had`)
    return value === null ? '\\N' : value.replace(/[\\\t\n\r]/g, character => copyEscapes[character] ?? character)
  })
  if (Object.keys(row).length > columns.length)
    throw reader.wrong(`has columns that the row of ${table} before it had not`)
  return `${fields.join('\t')}\n`
}

async function setSequence(
  client: Client,
  reader: ExportReader,
  { sequence, last_value, is_called }: Extract<ExportLine, { sequence: string }>,
): Promise<void> {
  const { rows } = await client.query(
    "select setval(c.oid::regclass, $2, $3) from pg_class c where c.oid = to_regclass($1) and c.relkind = 'S'",
    [escapeIdentifier(sequence), last_value, is_called],
  )
  if (rows.length === 0) throw reader.wrong(`names ${sequence}, which is not a sequence`)
}
