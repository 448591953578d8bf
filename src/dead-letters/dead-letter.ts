import type { ErrorCode, Violation } from '../errors.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'

/** Dead letters: messages that could not be processed, kept with their bytes, their origin and the reason. */

/** A message that could not be processed. */
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

/** Makes a dead letter of a message. */
export function toDeadLetter(
  message: KafkaMessage,
  code: ErrorCode,
  detail: string,
  violations: readonly Violation[] = [],
): DeadLetter {
  const { topic, partition, offset, key, value, headers, timestampMs } = message
  return { topic, partition, offset, key, value, headers, timeMs: timestampMs, code, detail, violations }
}
