import { isUtf8 } from 'node:buffer'
import type { Violation } from '../errors.ts'
import type { Pool } from '../platform/postgres.ts'
import type {
  DeadLetterAttempt,
  DeadLetterCount,
  DeadLetterListing,
  DeadLetterState,
  ListedDeadLetter,
  PastAttempt,
} from './views.ts'

/** A dead letter with every attempt that is kept, newest first. */
export type DeadLetterWithHistory = {
  deadLetter: ListedDeadLetter
  /** As bytes; null where the message had no value. */
  value: Buffer | null
  history: PastAttempt[]
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
}

type ListedRow = DeadLetterRow & {
  state: DeadLetterState
  attempts: number
  last_attempt: DeadLetterAttempt | null
  /** How many rows there are before the page is cut by bytes. */
  found: number
}

/** A page ends with the dead letter that exceeds this size: a message may have a megabyte. */
const pageBytesMax = 4 * 1024 * 1024

/** A page of a selection of dead letters, in the order of the page. */
const pageOf = (selection: string, order: string) => `
  select *
    from (select id, topic, partition, message_offset, message_key, message_value, headers, message_time, code, detail,
                 violations, recorded_at, state, attempts, count(*) over ()::int as found,
                 sum(size) over (order by ${order}) - size as bytes_before
            from (select *, coalesce(octet_length(message_value), 0) + octet_length(headers::text) as size
                    from (${selection}) chosen) sized) page
   where bytes_before < ${pageBytesMax}
   order by ${order}`

/** An entry of the history as JSON. */
const attempt = `json_build_object('attempt', attempt, 'outcome', outcome, 'actor', actor, 'reason', reason,
  'order_uid', order_uid, 'code', code, 'detail', detail, 'is_edited', is_edited, 'recorded_at', recorded_at)`

const withLastAttempt = (selection: string) => `
  select found.*, (select ${attempt} from dead_letter_history where letter_id = found.id and attempt = found.attempts)
                    as last_attempt
    from (${selection}) found`

const newest = `select * from dead_letters where ($1::bigint is null or id < $1) order by id desc limit $2`

/** One index scan for each topic, code and state, so that rows which the filter excludes are not read. */
const newestOfKinds = `
  select found.*
    from dead_letter_counts kind
   cross join lateral (select *
                         from dead_letters
                        where topic = kind.topic and code = kind.code and state = kind.state
                          and ($1::bigint is null or id < $1)
                        order by id desc
                        limit $2) found
   where ($3::text is null or kind.topic = $3)
     and ($4::text is null or kind.code = $4)
     and ($5::text is null or kind.state = $5)
   order by id desc
   limit $2`

const listed = (selection: string) => `${withLastAttempt(pageOf(selection, 'id desc'))} order by id desc`

const unpublished = pageOf('select * from dead_letters where announced_at is null order by id limit $1', 'id')

export type DeadLetterFilter = Partial<Record<'topic' | 'code' | 'state' | 'before', string | undefined>>

/**
 * Returns a page of dead letters, newest first, below the id `before`. It may hold fewer than asked for and still have a next
 * page, since it is bounded by bytes.
 */
export async function listDeadLetters(
  pool: Pool,
  { topic, code, state, before }: DeadLetterFilter,
  limit: number,
): Promise<{ deadLetters: ListedDeadLetter[]; isAll: boolean }> {
  // One more than asked for tells whether there is a next page.
  const page = [before ?? null, limit + 1]
  const kinds = [topic, code, state]
  const isWhole = kinds.every(kind => kind === undefined)
  const { rows } = isWhole
    ? await pool.query<ListedRow>(listed(newest), page)
    : await pool.query<ListedRow>(listed(newestOfKinds), [...page, ...kinds.map(kind => kind ?? null)])
  const deadLetters = rows.slice(0, limit).map(presentListed)
  return { deadLetters, isAll: (rows[0]?.found ?? 0) <= deadLetters.length }
}

/** Returns a dead letter with its history, or undefined. */
export async function findDeadLetter(pool: Pool, id: string): Promise<DeadLetterWithHistory | undefined> {
  const { rows } = await pool.query<ListedRow>(withLastAttempt('select * from dead_letters where id = $1'), [id])
  const [row] = rows
  if (row === undefined) return undefined
  const { rows: tried } = await pool.query<{
    entry: DeadLetterAttempt
    violations: Violation[] | null
    edited_value: Buffer | null
  }>(
    `select ${attempt} as entry, violations, edited_value
       from dead_letter_history
      where letter_id = $1
      order by attempt desc`,
    [id],
  )
  const history = tried.map(({ entry, violations, edited_value: edited }) => ({
    ...presentAttempt(entry),
    violations: violations ?? [],
    edited_text: decode(edited),
  }))
  return { deadLetter: presentListed(row), value: row.message_value, history }
}

/** Counts the dead letters that are open. The database keeps the counts, so this costs the same for any number of letters. */
export async function countOpenDeadLetters(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ letters: string }>(
    "select coalesce(sum(letters), 0)::text as letters from dead_letter_counts where state = 'open'",
  )
  return Number(rows[0]?.letters ?? 0)
}

/** How many dead letters there are of each topic, code and state. */
export async function countDeadLetters(pool: Pool): Promise<DeadLetterCount[]> {
  const { rows } = await pool.query<DeadLetterCount>(
    `select topic, code, state, letters::float8 as letters
       from dead_letter_counts
      where letters > 0
      order by topic, code, state
      limit 1000`,
  )
  return rows
}

/**
 * Returns the oldest dead letters that are not published yet: at most `limit`, and at least one if there is any.
 *
 * The column is still called `announced_at`: an older instance beside this one during an upgrade reads it by that name.
 */
export async function readUnpublished(pool: Pool, limit: number): Promise<DeadLetterListing[]> {
  const { rows } = await pool.query<DeadLetterRow>(unpublished, [limit])
  return rows.map(present)
}

/** Marks dead letters as published. */
export async function markPublished(pool: Pool, ids: readonly string[]): Promise<void> {
  // Locked in the order in which the commands lock them, against deadlocks.
  await pool.query(
    `update dead_letters
        set announced_at = now()
      where id in (select id from dead_letters where id = any($1::bigint[]) order by id for no key update)`,
    [ids],
  )
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

function presentListed(row: ListedRow): ListedDeadLetter {
  const { state, attempts, last_attempt: last } = row
  return { ...present(row), state, attempts, last_attempt: last === null ? null : presentAttempt(last) }
}

/** The database's own JSON has times in its own form. */
function presentAttempt(entry: DeadLetterAttempt): DeadLetterAttempt {
  return { ...entry, recorded_at: new Date(entry.recorded_at).toISOString() }
}

function base64(bytes: Buffer | null): string | null {
  return bytes?.toString('base64') ?? null
}

/** Returns bytes as text where they are UTF-8, for people. */
function decode(bytes: Buffer | null): string | null {
  return bytes === null || !isUtf8(bytes) ? null : bytes.toString('utf8')
}
