import type { Pool } from '../platform/postgres.ts'

/** What a batch has of one partition. */
export type Range = { partition: number; first: bigint; last: bigint }

/**
 * Notes that batches are being handled.
 *
 * @param ranges one for each partition
 * @returns by partition the largest offset, from the first of the range on, at which an earlier process had begun and not ended
 */
export async function noteBatch(pool: Pool, topic: string, ranges: readonly Range[]): Promise<Map<number, bigint>> {
  // The statement sees what was there before it.
  const { rows } = await pool.query<{ partition: number; latest: string }>(
    `with batches as (
       select * from unnest($2::int[], $3::bigint[]) as batch (partition, first_offset)
     ), noted as (
       insert into message_tries (topic, partition, message_offset, tries)
       select $1, partition, first_offset, 0 from batches
           on conflict do nothing
     )
     select t.partition, max(t.message_offset) as latest
       from message_tries t
       join batches b on t.topic = $1 and t.partition = b.partition and t.message_offset >= b.first_offset
      group by t.partition`,
    [topic, ranges.map(({ partition }) => partition), ranges.map(({ first }) => String(first))],
  )
  return new Map(rows.map(({ partition, latest }) => [partition, BigInt(latest)]))
}

/** Notes that a message is being handled alone. @returns how often that has begun, this time included */
export async function noteTry(pool: Pool, topic: string, partition: number, offset: bigint): Promise<number> {
  const { rows } = await pool.query<{ tries: number }>(
    `insert into message_tries (topic, partition, message_offset, tries)
     values ($1, $2, $3, 1)
         on conflict (topic, partition, message_offset) do update set tries = message_tries.tries + 1
     returning tries`,
    [topic, partition, String(offset)],
  )
  return rows[0]?.tries ?? 1
}

/** Notes that the handling of batches has ended. */
export async function noteEnd(pool: Pool, topic: string, ranges: readonly Range[]): Promise<void> {
  await pool.query(
    `delete from message_tries t
      using unnest($2::int[], $3::bigint[], $4::bigint[]) as batch (partition, first_offset, last_offset)
      where t.topic = $1 and t.partition = batch.partition
        and t.message_offset between batch.first_offset and batch.last_offset`,
    [
      topic,
      ranges.map(({ partition }) => partition),
      ranges.map(({ first }) => String(first)),
      ranges.map(({ last }) => String(last)),
    ],
  )
}
