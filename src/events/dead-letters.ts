import { createHash } from 'node:crypto'
import type { ErrorCode, Violation } from '../errors.ts'
import type { KafkaMessage } from '../platform/kafka.ts'
import { faultOf, type Pool } from '../platform/postgres.ts'

/**
 * Dead letters: messages that could not be taken in, kept with their bytes, their origin and the reason.
 */

/** A message that could not be taken in. */
export type DeadLetter = {
  topic: string
  partition: number
  offset: bigint
  key: Uint8Array | null
  value: Uint8Array | null
  headers: readonly (readonly [name: Uint8Array, value: Uint8Array | null])[]
  timeMs: number
  code: ErrorCode
  detail: string
  violations: readonly Violation[]
}

/** A message as a dead letter. */
export function toDeadLetter(
  message: KafkaMessage,
  code: ErrorCode,
  detail: string,
  violations: readonly Violation[] = [],
): DeadLetter {
  const { topic, partition, offset, key, value, headers, timestampMs } = message
  return { topic, partition, offset, key, value, headers, timeMs: timestampMs, code, detail, violations }
}

/** A stored dead letter as the API and the dead letter topic show it. */
export type DeadLetterListing = {
  id: string
  topic: string
  partition: number
  offset: string
  /** Base64, as is `value`. */
  key: string | null
  value: string | null
  /** The value as text, where it is UTF-8. */
  text: string | null
  /** Name, and value in base64. */
  headers: [string, string | null][]
  message_time: string | null
  code: string
  detail: string
  violations: Violation[]
  recorded_at: string
}

/**
 * Stores dead letters; one that is stored already (a redelivered message) is left as it is. One that the database will not
 * take as it is loses what is not its message: nothing of a message may hold up those behind it.
 */
export async function recordDeadLetters(pool: Pool, letters: readonly DeadLetter[]): Promise<void> {
  try {
    await insertDeadLetters(pool, letters)
  } catch (error) {
    if (faultOf(error) !== 'data') throw error
    const [first] = letters
    if (letters.length === 1 && first !== undefined) {
      await insertDeadLetters(pool, [{ ...first, headers: [], timeMs: Number.NaN, violations: [] }])
      return
    }
    const middle = letters.length >> 1
    await recordDeadLetters(pool, letters.slice(0, middle))
    await recordDeadLetters(pool, letters.slice(middle))
  }
}

async function insertDeadLetters(pool: Pool, letters: readonly DeadLetter[]): Promise<void> {
  const column = <Value>(pick: (letter: DeadLetter) => Value) => letters.map(pick)
  await pool.query(
    `insert into dead_letters (topic, partition, message_offset, message_key, message_value, headers, message_time, code,
                               detail, violations, digest)
     select * from unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::bytea[], $6::json[], $7::timestamptz[],
                          $8::text[], $9::text[], $10::json[], $11::bytea[])
     on conflict (topic, partition, message_offset, digest) do nothing`,
    [
      column(letter => letter.topic),
      column(letter => letter.partition),
      column(letter => letter.offset.toString()),
      column(letter => bytesOrNull(letter.key)),
      column(letter => bytesOrNull(letter.value)),
      column(letter =>
        JSON.stringify(letter.headers.map(([name, value]) => [Buffer.from(name).toString(), base64(value)])),
      ),
      column(letter => timeOrNull(letter.timeMs)),
      column(letter => letter.code),
      column(letter => letter.detail),
      column(letter => JSON.stringify(letter.violations)),
      column(letter =>
        createHash('sha256')
          .update(letter.value ?? '')
          .digest(),
      ),
    ],
  )
}

/** A producer may set any number as a message's time, also one that no calendar and no column has; -1 is for none. */
function timeOrNull(timeMs: number): string | null {
  return timeMs >= 0 && timeMs < Date.UTC(10_000) ? new Date(timeMs).toISOString() : null
}

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

function base64(bytes: Uint8Array | null): string | null {
  return bytesOrNull(bytes)?.toString('base64') ?? null
}

function bytesOrNull(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The bytes as text when they are UTF-8, so that a person can read them. */
function decode(bytes: Buffer | null): string | null {
  try {
    return bytes === null ? null : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
