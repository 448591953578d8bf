import { AppError, type ErrorCode, type Violation } from '../errors.ts'
import { isTransient } from '../platform/retry.ts'
import type { AcceptedOutcome } from './views.ts'

/** A message of a topic: from Kafka, or a dead letter with its value as it came or edited. */
export type Message = {
  value: Buffer | null
  headers: readonly (readonly [name: Buffer, value: Buffer | null])[]
}

/** What became of a message. */
export type MessageResult = Accepted | Rejected | Deferred

/** `orderUid`: of the order that it placed or changed; undefined for what is of no order. */
export type Accepted = { kind: 'accepted'; outcome: AcceptedOutcome; orderUid: string | undefined }
/** Handling it again would give the same. */
export type Rejected = { kind: 'rejected'; error: AppError }
/** It could not be judged, because of an outage or overload. It should be handled again, and nothing is held against it. */
export type Deferred = { kind: 'deferred'; error: AppError }

export type Handling = {
  /**
   * Whether somebody waits: messages are then deferred where the database is away. Otherwise a handler may wait for it, through
   * any outage.
   */
  isInteractive: boolean
  /** The trace of messages that have none of their own (W3C Trace Context). */
  traceparent?: string | undefined
}

/**
 * Handles the messages of one topic, whether they come from Kafka or are dead letters that are replayed. The handler of a dead
 * letter follows from its code and not from its topic, which may have been renamed: and Kafka need not be configured.
 */
export type MessageHandler = {
  /** The codes of dead letters that come from these messages. */
  codes: readonly ErrorCode[]
  /** One of them: for a message that broke its handling each time. */
  unprocessable: ErrorCode
  /** Everything that is wrong with a value by itself; nothing is carried out. */
  check(value: Buffer | null): readonly Violation[]
  /** When something last failed that `handle` repeats by itself, by `performance.now()`. */
  failedAtMs?(): number
  /** Handles messages in their order; a result for each. Handling one again has no second effect. */
  handle(messages: readonly Message[], handling: Handling): Promise<MessageResult[]>
}

/**
 * The result for a message whose handling failed.
 *
 * @throws the error itself when it is not transient
 */
export function deferredBy(error: unknown): Deferred {
  if (!isTransient(error)) throw error
  if (error instanceof AppError) return { kind: 'deferred', error }
  return {
    kind: 'deferred',
    error: new AppError('STORE_UNAVAILABLE', 'the database does not answer', { cause: error }),
  }
}

/** The handlers by the codes of their dead letters. */
export function byCode(handlers: readonly MessageHandler[]): ReadonlyMap<string, MessageHandler> {
  return new Map(handlers.flatMap(handler => handler.codes.map(code => [code, handler] as const)))
}
