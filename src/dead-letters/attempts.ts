import type { AppError, Violation } from '../errors.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Message } from './message-handler.ts'
import type { AcceptedOutcome, DeadLetterState } from './views.ts'

/** Which open dead letters are resolved together; every condition given must hold. */
export type OpenFilter = { code?: string | undefined; topic?: string | undefined; ids?: readonly string[] | undefined }

/** A dead letter that nobody else can resolve until the transaction ends. */
export type LockedDeadLetter = { id: string; code: string; state: DeadLetterState; message: Message }

/** Dead letters resolved by one transaction: a replay holds a connection for as long as they take. */
const deadLettersMax = 100
const bytesMax = 4 * 1024 * 1024

/** Violations that are kept of a refused attempt; the caller gets all of them. */
const violationsMax = 100

/** Attempts that are kept of a dead letter that is refused again and again. */
export const attemptsMax = 20

/** Returns the id of the newest dead letter: work that has begun leaves later ones alone. */
export async function newestDeadLetter(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select coalesce(max(id), 0)::text as id from dead_letters')
  return rows[0]?.id ?? '0'
}

/** The dead letters that a caller names. */
const chosenByIds = `
  select id, coalesce(octet_length(message_value), 0) as size
    from dead_letters
   where state = 'open' and id > $1 and id <= $2 and id = any($3)
     and ($4::text is null or code = $4)
     and ($5::text is null or topic = $5)
   order by id
   limit ${deadLettersMax}`

/** One index scan for each topic and code, so that rows which the filter excludes are not read. */
const chosenByKinds = `
  select id, coalesce(octet_length(message_value), 0) as size
    from dead_letter_counts kind
   cross join lateral (select id, message_value
                         from dead_letters
                        where topic = kind.topic and code = kind.code and state = 'open' and id > $1 and id <= $2
                        order by id
                        limit ${deadLettersMax}) found
   where kind.state = 'open'
     and ($3::text is null or kind.code = $3)
     and ($4::text is null or kind.topic = $4)
   order by id
   limit ${deadLettersMax}`

/** Returns the oldest open dead letters after one id and up to another, as many as are resolved together. */
export async function chooseOpen(pool: Pool, filter: OpenFilter, after: string, last: string): Promise<string[]> {
  const { code, topic, ids } = filter
  const { rows } = await pool.query<{ id: string }>(
    `select id
       from (select id, sum(size) over (order by id) - size as bytes_before
               from (${ids === undefined ? chosenByKinds : chosenByIds}) few) sized
      where bytes_before < ${bytesMax}
      order by id`,
    [after, last, ...(ids === undefined ? [] : [ids]), code ?? null, topic ?? null],
  )
  return rows.map(row => row.id)
}

/** Locks dead letters, oldest first; ids without one are left out. */
export async function lockDeadLetters(client: PoolClient, ids: readonly string[]): Promise<LockedDeadLetter[]> {
  const { rows } = await client.query<{
    id: string
    code: string
    state: DeadLetterState
    message_value: Buffer | null
    headers: [string, string | null][]
  }>(
    `select id, code, state, message_value, headers
       from dead_letters
      where id = any($1::bigint[])
      order by id
        for no key update`,
    [ids],
  )
  return rows.map(({ id, code, state, message_value: value, headers }) => ({
    id,
    code,
    state,
    message: {
      value,
      headers: headers.map(([name, text]) => [Buffer.from(name), text === null ? null : Buffer.from(text, 'base64')]),
    },
  }))
}

/** The outcome of an attempt to resolve a dead letter: it is `replayed`, stays `open` when refused, or is `discarded`. */
export type Resolution = { id: string; edited?: Buffer | undefined } & (
  | { outcome: AcceptedOutcome; orderUid: string | undefined }
  | { outcome: 'refused'; error: AppError }
  | { outcome: 'discarded' }
)

/**
 * Records attempts to resolve locked dead letters, by whom and why, and sets the state that follows. Of a dead letter that is
 * refused again and again the latest attempts are kept, and of its edited values the latest.
 *
 * @param by reason: never empty for a discard; at: RFC 3339
 */
export async function recordAttempts(
  client: PoolClient,
  attempts: readonly Resolution[],
  by: { actor: string; reason: string; at: string },
): Promise<void> {
  if (attempts.length === 0) return
  const column = <Value>(pick: (attempt: Resolution) => Value) => attempts.map(pick)
  const refusal = (attempt: Resolution) => (attempt.outcome === 'refused' ? attempt.error : undefined)
  const { rows } = await client.query<{ letter_id: string; attempt: number }>(
    `with tried as (
       select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::bytea[])
         as tried (letter_id, outcome, order_uid, code, detail, violations, edited_value)
     ), changed as (
       update dead_letters
          set attempts = attempts + 1,
              state    = case outcome when 'refused' then 'open' when 'discarded' then 'discarded' else 'replayed' end
         from tried
        where id = letter_id
       returning id, attempts
     )
     insert into dead_letter_history (letter_id, attempt, outcome, actor, reason, order_uid, code, detail, violations,
                                      is_edited, edited_value, recorded_at)
     select letter_id, attempts, outcome, $8, $9, order_uid, code, detail, violations, edited_value is not null,
            edited_value, $10
       from tried join changed on id = letter_id
     returning letter_id, attempt`,
    [
      column(attempt => attempt.id),
      column(attempt => attempt.outcome),
      column(attempt => ('orderUid' in attempt ? (attempt.orderUid ?? null) : null)),
      column(attempt => refusal(attempt)?.code ?? null),
      column(attempt => refusal(attempt)?.message.replaceAll('\0', '') ?? null),
      column(attempt => (refusal(attempt) === undefined ? null : JSON.stringify(kept(refusal(attempt)?.violations)))),
      column(attempt => attempt.edited ?? null),
      by.actor,
      by.reason,
      by.at,
    ],
  )
  await removeOldAttempts(
    client,
    rows.filter(row => row.attempt > attemptsMax).map(row => row.letter_id),
    attempts.filter(attempt => attempt.edited !== undefined).map(attempt => attempt.id),
  )
}

async function removeOldAttempts(
  client: PoolClient,
  full: readonly string[],
  edited: readonly string[],
): Promise<void> {
  if (full.length > 0) {
    await client.query(
      `delete from dead_letter_history h
        using dead_letters l
        where l.id = any($1::bigint[]) and h.letter_id = l.id and h.attempt <= l.attempts - ${attemptsMax}`,
      [full],
    )
  }
  if (edited.length > 0) {
    await client.query(
      `update dead_letter_history h
          set edited_value = null
         from dead_letters l
        where l.id = any($1::bigint[]) and h.letter_id = l.id and h.attempt < l.attempts and h.edited_value is not null`,
      [edited],
    )
  }
}

function kept(violations: readonly Violation[] = []): readonly Violation[] {
  if (violations.length <= violationsMax) return violations
  return [...violations.slice(0, violationsMax), { pointer: '', detail: 'breaks further rules that are not listed' }]
}
