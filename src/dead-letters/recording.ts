import { createHash } from 'node:crypto'
import { faultOf, type Pool } from '../platform/postgres.ts'
import type { DeadLetter } from './dead-letter.ts'

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

function base64(bytes: Uint8Array | null): string | null {
  return bytesOrNull(bytes)?.toString('base64') ?? null
}

function bytesOrNull(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
