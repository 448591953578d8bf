import type { Publisher } from '../platform/kafka/publisher.ts'
import type { OutgoingMessage } from '../platform/kafka/record-batch.ts'
import { sendOrReduce } from '../platform/kafka/send-reduced.ts'
import type { Lease } from '../platform/leadership.ts'
import type { Pool } from '../platform/postgres.ts'
import { markPublished, readUnpublished } from './queries.ts'
import type { DeadLetterListing } from './views.ts'

const deadLettersMax = 200

/** The most that the violations take of a header; the API has all of them. */
const violationsCharactersMax = 8_000

/**
 * Publishes the oldest dead letters that are not published yet, at least once.
 *
 * @returns how many; 0 when there are none left
 */
export async function publishDeadLetters(
  { pool, publisher, topic }: { pool: Pool; publisher: Publisher; topic: string },
  lease: Lease,
): Promise<number> {
  const deadLetters = await readUnpublished(pool, deadLettersMax)
  if (deadLetters.length === 0) return 0
  await sendOrReduce({ publisher, lease }, topic, deadLetters.map(toMessage), (index, reason) => {
    const deadLetter = deadLetters[index]
    return deadLetter && withoutValue(deadLetter, reason)
  })
  await markPublished(
    pool,
    deadLetters.map(({ id }) => id),
  )
  return deadLetters.length
}

/** A dead letter as it came, so that it can be sent again as it is; what is known of it stands in headers before its own. */
function toMessage(deadLetter: DeadLetterListing): OutgoingMessage {
  const violations = JSON.stringify(deadLetter.violations)
  return {
    key: decode(deadLetter.key),
    value: decode(deadLetter.value),
    headers: [
      ['dlq_id', deadLetter.id],
      ['dlq_topic', deadLetter.topic],
      ['dlq_partition', String(deadLetter.partition)],
      ['dlq_offset', deadLetter.offset],
      ['dlq_code', deadLetter.code],
      ['dlq_detail', deadLetter.detail],
      ['dlq_errors', violations.length > violationsCharactersMax ? null : violations],
      ...deadLetter.headers.map(([name, value]) => [name, decode(value)] as const),
    ],
  }
}

/** A dead letter that the topic would not carry: its bytes and its own headers are left to the API; what is known of it stays. */
function withoutValue(deadLetter: DeadLetterListing, reason: string): OutgoingMessage {
  const bare = toMessage({ ...deadLetter, value: null, headers: [] })
  return { ...bare, headers: [...(bare.headers ?? []), ['dlq_value_left_out', reason]] }
}

function decode(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}
