import type { ErrorCode, Violation } from '../errors.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'

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

/** A letter is open until it has been dealt with; then it stays what it is. */
export const deadLetterStates = ['open', 'replayed', 'discarded'] as const
export type DeadLetterState = (typeof deadLetterStates)[number]

/** What became of a message that was taken in after all: a new order, one that was there already, a command carried out. */
export type AcceptedOutcome = 'placed' | 'duplicate' | 'carried_out'

/** An attempt to deal with a dead letter. */
export type DeadLetterAttempt = {
  /** From 1; of the refused ones the latest are kept. */
  attempt: number
  outcome: AcceptedOutcome | 'refused' | 'discarded'
  actor: string
  reason: string
  /** Of the order that was placed or changed. */
  order_uid: string | null
  /** Why it was refused. */
  code: string | null
  detail: string | null
  /** Whether other bytes than those of the message were tried. */
  is_edited: boolean
  recorded_at: string
}

/** A dead letter in a list. */
export type ListedDeadLetter = DeadLetterListing & {
  state: DeadLetterState
  attempts: number
  /** For a letter that is not open: how that came. */
  last_attempt: DeadLetterAttempt | null
}

/** A dead letter with everything that was tried, newest first. */
export type DeadLetterWithHistory = {
  deadLetter: ListedDeadLetter
  /** As bytes; null where the message had no value. */
  value: Buffer | null
  history: (DeadLetterAttempt & { violations: Violation[]; edited_text: string | null })[]
}
