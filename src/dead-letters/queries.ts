import { isUtf8 } from 'node:buffer'
import type { Violation } from '../errors.ts'
import type { Pool } from '../platform/postgres.ts'
import type { DeadLetterListing } from './letter.ts'

type DeadLetterRow = {
  id: string
  topic: string
  partition: number
  message_offset: string
  message_key: Buffer | null
  message_value: Buffer | null
  headers: [string, string | null][]
  message_time: Date | null
  code: string
  detail: string
  violations: Violation[]
  recorded_at: Date
  found: number
}

/** A page ends with the letter that goes beyond so many bytes: a message may have a megabyte. */
const pageBytesMax = 4 * 1024 * 1024

/** A page out of a selection of dead letters, in the order of the page. */
const pageOf = (selection: string, order: string) => `
  select *
    from (select id, topic, partition, message_offset, message_key, message_value, headers, message_time, code, detail,
                 violations, recorded_at, count(*) over ()::int as found,
                 sum(size) over (order by ${order}) - size as bytes_before
            from (select *, coalesce(octet_length(message_value), 0) + octet_length(headers::text) as size
                    from (${selection}) chosen) sized) page
   where bytes_before < ${pageBytesMax}
   order by ${order}`

const listed = pageOf(
  `select *
     from dead_letters
    where ($1::text is null or topic = $1)
      and ($2::text is null or code = $2)
      and ($3::bigint is null or id < $3)
    order by id desc
    limit $4`,
  'id desc',
)

const unannounced = pageOf('select * from dead_letters where announced_at is null order by id limit $1', 'id')

/**
 * A page of dead letters, newest first, below an id. It may hold fewer than asked for and still have a next one, since it is
 * bounded by bytes.
 */
export async function listDeadLetters(
  pool: Pool,
  filter: { topic?: string | undefined; code?: string | undefined; before?: string | undefined },
  limit: number,
): Promise<{ letters: DeadLetterListing[]; isAll: boolean }> {
  // One more than asked for tells whether there is a next page.
  const values = [filter.topic ?? null, filter.code ?? null, filter.before ?? null, limit + 1]
  const { rows } = await pool.query<DeadLetterRow>(listed, values)
  const letters = rows.slice(0, limit).map(present)
  return { letters, isAll: (rows[0]?.found ?? 0) <= letters.length }
}

/** The oldest dead letters that were not announced yet, at most so many, and at least one if there is any. */
export async function readUnannounced(pool: Pool, limit: number): Promise<DeadLetterListing[]> {
  const { rows } = await pool.query<DeadLetterRow>(unannounced, [limit])
  return rows.map(present)
}

export async function markAnnounced(pool: Pool, ids: readonly string[]): Promise<void> {
  await pool.query('update dead_letters set announced_at = now() where id = any($1::bigint[])', [ids])
}

function present(row: DeadLetterRow): DeadLetterListing {
  return {
    id: row.id,
    topic: row.topic,
    partition: row.partition,
    offset: row.message_offset,
    key: base64(row.message_key),
    value: base64(row.message_value),
    text: decode(row.message_value),
    headers: row.headers,
    message_time: row.message_time?.toISOString() ?? null,
    code: row.code,
    detail: row.detail,
    violations: row.violations,
    recorded_at: row.recorded_at.toISOString(),
  }
}

function base64(bytes: Buffer | null): string | null {
  return bytes?.toString('base64') ?? null
}

/** The bytes as text when they are UTF-8, so that a person can read them. */
function decode(bytes: Buffer | null): string | null {
  return bytes === null || !isUtf8(bytes) ? null : bytes.toString('utf8')
}
