import type { Client } from 'pg'

/**
 * Hands over the rows of a statement, some at a time, so that memory stays bounded however many there are. The transaction writes
 * nothing.
 *
 * @param use is awaited before the next rows are read
 * @throws the database's error, and what `use` throws
 */
export async function eachPage<Row extends object>(
  client: Client,
  statement: string,
  values: readonly unknown[],
  rowsMax: number,
  use: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  await client.query('begin read only')
  try {
    await client.query(`declare pages no scroll cursor for ${statement}`, [...values])
    for (;;) {
      const { rows } = await client.query<Row>(`fetch ${rowsMax} from pages`)
      if (rows.length === 0) break
      await use(rows)
    }
  } finally {
    await client.query('rollback')
  }
}
