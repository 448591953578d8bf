import type { Pool, PoolClient } from '../platform/postgres.ts'
import { type Checkpoint, logStart } from './checkpoint.ts'

/**
 * Where a durable reader of the log goes on: the start of the log for a new one. It is entered there, since from then on
 * nothing may be dropped that it has not read.
 */
export async function enterReader(pool: Pool, reader: string): Promise<Checkpoint> {
  await pool.query(
    'insert into log_readers (name, xid, position) values ($1, $2::xid8, $3) on conflict (name) do nothing',
    [reader, logStart.xid, logStart.position],
  )
  return readCheckpoint(pool, reader)
}

/** Where a reader that was entered is. */
export async function readCheckpoint(pool: Pool, reader: string): Promise<Checkpoint> {
  const { rows } = await pool.query<Checkpoint>('select xid, position from log_readers where name = $1', [reader])
  return rows[0] ?? logStart
}

/**
 * Remembers that a reader has dealt with everything up to a checkpoint. One that is further stays: a leader that was frozen may send
 * its last checkpoint after another has gone on.
 */
export async function saveCheckpoint(pool: Pool, reader: string, checkpoint: Checkpoint): Promise<void> {
  await pool.query(
    `insert into log_readers (name, xid, position)
     values ($1, $2::xid8, $3)
         on conflict (name) do update set xid = excluded.xid, position = excluded.position, updated_at = now()
      where (log_readers.xid, log_readers.position) < (excluded.xid, excluded.position)`,
    [reader, checkpoint.xid, checkpoint.position],
  )
}

/** The same for a reader that may have been removed; such a one is not brought back. */
export async function moveCheckpoint(pool: Pool, reader: string, checkpoint: Checkpoint): Promise<void> {
  await pool.query(
    `update log_readers set xid = $2::xid8, position = $3, updated_at = now()
      where name = $1 and (xid, position) < ($2::xid8, $3)`,
    [reader, checkpoint.xid, checkpoint.position],
  )
}

/** Enters a reader at a checkpoint, in a caller's transaction; one that is entered already stays where it is. */
export async function insertReader(client: PoolClient, reader: string, checkpoint: Checkpoint): Promise<void> {
  await client.query(
    'insert into log_readers (name, xid, position) values ($1, $2::xid8, $3) on conflict (name) do nothing',
    [reader, checkpoint.xid, checkpoint.position],
  )
}

/** Removes readers, in a caller's transaction. @returns the names of those that were there */
export async function deleteReaders(client: PoolClient, readers: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('delete from log_readers where name = any($1) returning name', [
    readers,
  ])
  return rows.map(({ name }) => name)
}

/**
 * How far each of several readers is behind, in seconds as in `readLagSeconds`.
 *
 * @returns by name; those that were not entered, or are removed, are left out
 */
export async function readLags(client: Pool | PoolClient, readers: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; age: number }>(
    `select name, coalesce(greatest(extract(epoch from now() - first_event_after(xid, position)), 0), 0)::float8 as age
       from log_readers
      where name = any($1)`,
    [readers],
  )
  return new Map(rows.map(({ name, age }) => [name, age]))
}

/** How far the last of several readers is behind, in seconds; 0 when there are none. Looks at one of them only. */
export async function readLargestLag(pool: Pool, readers: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ age: number }>(
    `select coalesce(greatest(extract(epoch from now() - first_event_after(xid, position)), 0), 0)::float8 as age
       from (select xid, position from log_readers where name = any($1) order by xid, position limit 1) last`,
    [readers],
  )
  return rows[0]?.age ?? 0
}

/**
 * How far a reader is behind: the age in seconds of the oldest committed event that it has not dealt with, also when it may not
 * see that one yet; 0 when there is none.
 */
export async function readLagSeconds(pool: Pool, reader: string): Promise<number> {
  const checkpoint = await readCheckpoint(pool, reader)
  const { rows } = await pool.query<{ age: number }>(
    `select coalesce(greatest(extract(epoch from now() - first_event_after($1::xid8, $2::bigint)), 0), 0)::float8 as age`,
    [checkpoint.xid, checkpoint.position],
  )
  return rows[0]?.age ?? 0
}
