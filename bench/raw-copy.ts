import { createReadStream, createWriteStream, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { settle, withClient } from './environment.ts'

/** A table, the columns that are given, and which rows, as SQL; the server adds the rest, as it does for the service. */
export type CopiedTable = Readonly<{ name: string; columns: string; where?: string }>

/** The tables that an order's intake writes. */
const tablesOfIntake: readonly CopiedTable[] = [
  {
    name: 'orders',
    columns:
      'order_uid, document, customer_id, track_number, currency, amount, created_at, status, payment_status, ' +
      'delivery_status, version, updated_at',
  },
  { name: 'order_items', columns: 'order_uid, line, chrt_id, nm_id, price, sale, total_price' },
  { name: 'events', columns: 'stream_id, sequence, type, recorded_at, data' },
]

/** Large, so that reading the files costs next to nothing. */
const chunkSizeBytes = 256 * 1024

/**
 * Measures how fast PostgreSQL copies the rows that are in the tables: they are written to files, the tables are
 * emptied, and one connection copies them back, a COPY for each table, with every index in place.
 *
 * @param folder where the files may be for that time
 * @returns seconds
 */
export async function measureRawCopy(
  address: PostgresAddress,
  folder: string,
  tables: readonly CopiedTable[] = tablesOfIntake,
): Promise<number> {
  const files = tables.map((_, index) => join(folder, `rows-${index}.copy`))
  return withClient(address, async client => {
    for (const [index, { name, columns, where = 'true' }] of tables.entries()) {
      // A partitioned table is copied out as a query.
      const rows = client.query(copyTo(`copy (select ${columns} from ${name} where ${where}) to stdout`))
      await pipeline(rows, createWriteStream(files[index] ?? ''))
    }
    await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`)
    await settle(address)
    const startedMs = performance.now()
    for (const [index, { name, columns }] of tables.entries()) {
      const rows = createReadStream(files[index] ?? '', { highWaterMark: chunkSizeBytes })
      await pipeline(rows, client.query(copyFrom(`copy ${name} (${columns}) from stdin`)))
    }
    const seconds = (performance.now() - startedMs) / 1000
    for (const file of files) rmSync(file)
    return seconds
  })
}
