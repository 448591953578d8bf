import type { ErrorCode, Violation } from '../errors.ts'
import type { KafkaMessage } from '../platform/kafka.ts'

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
