import { inTransaction, type Pool } from '../src/platform/postgres.ts'

/**
 * Counts the rows of a table (and its partitions) that some work made the server read: the cost of statements, whatever they return.
 *
 * @param table the beginning of the tables' names
 * @param work gets one connection in the place of the pool, which it may also borrow
 */
export function rowsRead(pool: Pool, table: string, work: (pool: Pool) => Promise<unknown>): Promise<number> {
  return inTransaction(pool, async client => {
    const count = async () => {
      const { rows } = await client.query<{ count: number }>(
        `select sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0))::int as count
           from pg_stat_xact_user_tables
          where relname like $1 || '%'`,
        [table],
      )
      return rows[0]?.count ?? Number.NaN
    }
    const before = await count()
    const borrowed = { query: client.query.bind(client), release: () => undefined }
    await work({ ...borrowed, connect: async () => borrowed } as unknown as Pool)
    return (await count()) - before
  })
}
