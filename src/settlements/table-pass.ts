import { stat } from 'node:fs/promises'
import type { Client } from 'pg'
import { type PostgresAddress, withClient } from '../platform/postgres.ts'
import { currencyNumber } from './text-hash.ts'

/** As many as fit in 1 MiB of the table: some thousand rows. */
const pageBlocks = 128
/** After this many the garbage is collected, as while the file is read. */
const collectBlocks = 16 * pageBlocks
/** Reading a row in the order of the table takes a seventh of looking one up, and it is as long as a line. */
const bytesForOne = 8

/** Whether it takes less time to read a table than to look up what a file names. @param bytes an expression for how long the table is */
export async function isPassShorter(client: Client, bytes: string, path: string): Promise<boolean> {
  const [{ rows }, { size }] = await Promise.all([
    client.query<{ bytes: string }>(`select ${bytes} as bytes`),
    stat(path),
  ])
  return Number(rows[0]?.bytes ?? 0) <= size * bytesForOne
}

/**
 * Reads a table in the order in which it is stored, in one snapshot and on a connection of its own.
 *
 * @param deadlineMs how long a statement may take
 * @param table bytes: an expression for how long it is; page: selects a row with all that is needed of the blocks from $2 up to $3, since
 *   a row for each would take as long as reading it; values: those of $1 and of $4 and so on
 * @param use is called with a page while the next one is read
 */
export function passOver<Page extends object>(
  address: PostgresAddress,
  deadlineMs: number,
  { bytes, page, values: [first, ...others] }: { bytes: string; page: string; values: readonly unknown[] },
  use: (page: Page) => Promise<void>,
): Promise<void> {
  return withClient(address, 'orders reconcile', deadlineMs, async client => {
    // A plan for any values would evaluate constant conditions for each row.
    await client.query('set plan_cache_mode = force_custom_plan; begin isolation level repeatable read read only')
    const { rows } = await client.query<{ blocks: number }>(
      `select (${bytes} / current_setting('block_size')::int)::int as blocks`,
    )
    const blocks = rows[0]?.blocks ?? 0
    const read = (from: number) => {
      const values = [first, `(${from},0)`, `(${from + pageBlocks},0)`, ...others]
      const reading = client.query<Page>({ name: 'page', text: page, values })
      reading.catch(() => undefined)
      return reading
    }
    let next = read(0)
    for (let from = 0; from < blocks; from += pageBlocks) {
      const [row] = (await next).rows
      if (from + pageBlocks < blocks) next = read(from + pageBlocks)
      if (row !== undefined) await use(row)
      if (from % collectBlocks === 0) Bun.gc(true)
    }
    await client.query('commit')
  })
}

/** Selects the currency of each row as one text, which `currencyOf` reads. */
export const allCurrencies = "string_agg(currency, '')"

/** The currency of a row as a number; 0 when some have no code of three letters, so that the database compares them. */
export function currencyOf(currencies: string | null, row: number, rows: number): number {
  return currencies?.length === currencyLetters * rows ? currencyNumber(currencies, currencyLetters * row) : 0
}

const currencyLetters = 3
