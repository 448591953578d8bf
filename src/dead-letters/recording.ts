import { createHash } from 'node:crypto'
import { faultOf, type Pool } from '../platform/postgres.ts'
import type { DeadLetter } from './dead-letter.ts'

/**
 * Stores dead letters; one that is stored already (a redelivered message) is left as it is. One that the database refuses is
 * stored without its headers, time and violations: no message may block those after it.
 */
export async function recordDeadLetters(pool: Pool, deadLetters: readonly DeadLetter[]): Promise<void> {
  try {
    await insertDeadLetters(pool, deadLetters)
  } catch (error) {
    if (faultOf(error) !== 'data') throw error
    const [first] = deadLetters
    if (deadLetters.length === 1 && first !== undefined) {
      await insertDeadLetters(pool, [{ ...first, headers: [], timeMs: Number.NaN, violations: [] }])
      return
    }
    const middle = deadLetters.length >> 1
    await recordDeadLetters(pool, deadLetters.slice(0, middle))
    await recordDeadLetters(pool, deadLetters.slice(middle))
  }
}

async function insertDeadLetters(pool: Pool, deadLetters: readonly DeadLetter[]): Promise<void> {
  const column = <Value>(pick: (deadLetter: DeadLetter) => Value) => deadLetters.map(pick)
  await pool.query(
    `insert into dead_letters (topic, partition, message_offset, message_key, message_value, headers, message_time, code,
                               detail, violations, digest)
     select * from unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::bytea[], $6::json[], $7::timestamptz[],
                          $8::text[], $9::text[], $10::json[], $11::bytea[])
     on conflict (topic, partition, message_offset, digest) do nothing`,
    [
      column(deadLetter => deadLetter.topic),
      column(deadLetter => deadLetter.partition),
      column(deadLetter => deadLetter.offset.toString()),
      column(deadLetter => bytesOrNull(deadLetter.key)),
      column(deadLetter => bytesOrNull(deadLetter.value)),
      column(deadLetter =>
        JSON.stringify(deadLetter.headers.map(([name, value]) => [Buffer.from(name).toString(), base64(value)])),
      ),
      column(deadLetter => timeOrNull(deadLetter.timeMs)),
      column(deadLetter => deadLetter.code),
      column(deadLetter => deadLetter.detail),
      column(deadLetter => JSON.stringify(deadLetter.violations)),
      column(deadLetter =>
        createHash('sha256')
          .update(deadLetter.value ?? '')
          .digest(),
      ),
    ],
  )
}

/** A producer may send any number as a message's time, also one that no column can hold; -1 means none. */
function timeOrNull(timeMs: number): string | null {
  return timeMs >= 0 && timeMs < Date.UTC(10_000) ? new Date(timeMs).toISOString() : null
}

function base64(bytes: Uint8Array | null): string | null {
  return bytesOrNull(bytes)?.toString('base64') ?? null
}

function bytesOrNull(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
