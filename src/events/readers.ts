import type { Pool } from '../platform/postgres.ts'
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

/** Remembers that a reader has dealt with everything up to a checkpoint. */
export async function saveCheckpoint(pool: Pool, reader: string, checkpoint: Checkpoint): Promise<void> {
  await pool.query(
    `insert into log_readers (name, xid, position)
     values ($1, $2::xid8, $3)
         on conflict (name) do update set xid = excluded.xid, position = excluded.position, updated_at = now()`,
    [reader, checkpoint.xid, checkpoint.position],
  )
}

/** The same for a reader that somebody may have removed; one that was is not brought back. */
export async function moveCheckpoint(pool: Pool, reader: string, checkpoint: Checkpoint): Promise<void> {
  await pool.query('update log_readers set xid = $2::xid8, position = $3, updated_at = now() where name = $1', [
    reader,
    checkpoint.xid,
    checkpoint.position,
  ])
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
