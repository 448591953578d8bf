import { AppError, type ErrorCode, type Violation } from '../errors.ts'
import { isTransient } from '../platform/retry.ts'
import type { AcceptedOutcome } from './views.ts'

/** The message of a dead letter: its value, as it came or edited, and the headers that it came with. */
export type DeadLetterMessage = {
  value: Buffer | null
  headers: readonly (readonly [name: Buffer, value: Buffer | null])[]
}

/** What becomes of a message that is replayed. */
export type Verdict =
  | { kind: 'taken'; outcome: AcceptedOutcome; orderUid: string }
  | { kind: 'refused'; error: AppError }
  /** Nobody could judge it: an outage, or too much to do. Nothing is known against it, so it is as if it was not tried. */
  | { kind: 'postponed'; error: AppError }

/**
 * Takes in one kind of message the way its topic does. Which kind a dead letter is follows from the reason that it has and not
 * from the topic it came by: that may have been renamed since, and letters can be dealt with while Kafka is not configured.
 */
export type Receiver = {
  /** The reasons that dead letters of this kind have. */
  codes: readonly ErrorCode[]
  /** Everything that is wrong with a value as far as it tells by itself; nothing is taken in. */
  check(value: Buffer | null): readonly Violation[]
  /** Takes messages in, in their order; a verdict for each. Taking one in again has no second effect. */
  take(messages: readonly DeadLetterMessage[]): Promise<Verdict[]>
}

/**
 * The verdict on a message whose taking in failed.
 *
 * @throws the error itself when it is not one that passes
 */
export function postponedBy(error: unknown): Verdict {
  if (!isTransient(error)) throw error
  const known =
    error instanceof AppError
      ? error
      : new AppError('STORE_UNAVAILABLE', 'the database does not answer', { cause: error })
  return { kind: 'postponed', error: known }
}

/** The receivers by the reasons of their letters. */
export function byCode(receivers: readonly Receiver[]): ReadonlyMap<string, Receiver> {
  return new Map(receivers.flatMap(receiver => receiver.codes.map(code => [code, receiver] as const)))
}
