import type { DeadLetter } from '../src/dead-letters/dead-letter.ts'
import { recordDeadLetters } from '../src/dead-letters/recording.ts'
import type { ErrorCode } from '../src/errors.ts'
import type { Pool } from '../src/platform/postgres.ts'

let offset = 0n

/** Records dead letters with these values, as the consumers do; returns their ids in the same order. */
export async function seedDeadLetters(
  pool: Pool,
  code: ErrorCode,
  values: readonly (Buffer | string | object | null)[],
  given: Partial<DeadLetter> = {},
): Promise<string[]> {
  const deadLetters = values.map(value => {
    offset += 1n
    return { ...template, code, offset, value: toBytes(value), ...given }
  })
  await recordDeadLetters(pool, deadLetters)
  const { rows } = await pool.query<{ id: string; message_offset: string }>(
    'select id, message_offset from dead_letters where message_offset = any($1::bigint[])',
    [deadLetters.map(deadLetter => deadLetter.offset.toString())],
  )
  const ids = new Map(rows.map(row => [row.message_offset, row.id]))
  return deadLetters.map(deadLetter => ids.get(deadLetter.offset.toString()) ?? '')
}

const template = {
  topic: 'orders',
  partition: 0,
  key: null,
  headers: [],
  timeMs: 1_700_000_000_000,
  detail: 'as it was then',
  violations: [],
}

function toBytes(value: Buffer | string | object | null): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
