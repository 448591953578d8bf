import { type Static, Type } from 'typebox'
import { endOfLines, extended, listOf, nullable, time, violation, violations } from '../platform/view.ts'

/** Dead letters as they are answered. */

/** A dead letter is open until it is resolved; then it keeps its state. */
export const deadLetterStates = ['open', 'replayed', 'discarded'] as const
export type DeadLetterState = (typeof deadLetterStates)[number]

/** The outcomes of a message that was accepted after all: a new order, one that was stored already, a command carried out. */
export const acceptedOutcomes = ['placed', 'duplicate', 'carried_out'] as const
export type AcceptedOutcome = (typeof acceptedOutcomes)[number]

export const deadLetterState = Type.Enum([...deadLetterStates], { title: 'DeadLetterState' })

const outcome = Type.Enum([...acceptedOutcomes, 'refused', 'discarded'], { title: 'DeadLetterOutcome' })

const base64 = { contentEncoding: 'base64' }

export const attemptView = Type.Object(
  {
    attempt: Type.Integer({ minimum: 1 }),
    outcome,
    actor: Type.String(),
    reason: Type.String(),
    order_uid: nullable(Type.String(), { description: 'Of the order that was placed or changed' }),
    code: nullable(Type.String(), { description: 'Why it was refused' }),
    detail: nullable(Type.String()),
    is_edited: Type.Boolean({ description: 'Whether other bytes than those of the message were tried' }),
    recorded_at: time(),
  },
  { title: 'DeadLetterAttempt', description: 'An attempt to resolve a dead letter' },
)

/** A header of a message. */
const header = Type.Unsafe<readonly [name: string, value: string | null]>({
  type: 'array',
  items: { type: ['string', 'null'] },
  minItems: 2,
  maxItems: 2,
})

/** What is known of a message, here and on the topic of dead letters. */
const messageView = Type.Object({
  id: Type.String(),
  topic: Type.String(),
  partition: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }),
  offset: Type.String(),
  key: nullable(Type.String(), base64),
  value: nullable(Type.String(), base64),
  text: nullable(Type.String(), { description: 'The value as text, where it is UTF-8' }),
  headers: listOf(header, { description: 'Name, and value in base64' }),
  message_time: nullable(time()),
  code: Type.String(),
  detail: Type.String(),
  violations,
  recorded_at: time(),
})

export const deadLetterView = extended(
  messageView,
  {
    state: deadLetterState,
    attempts: Type.Integer({ description: 'How many attempts were made to resolve it' }),
    last_attempt: Type.Union([attemptView, Type.Null()], {
      description: 'The attempt that resolved it; null while it is open',
    }),
  },
  { title: 'DeadLetter', description: 'A message that could not be processed' },
)

const pastAttemptView = extended(
  attemptView,
  {
    violations,
    edited_text: nullable(Type.String(), { description: 'The edited value, of the latest edited attempt' }),
  },
  { title: 'PastAttempt', description: 'An attempt to resolve a dead letter' },
)

export const wholeDeadLetterView = extended(
  deadLetterView,
  {
    json: Type.Unknown({
      description: 'The value decoded, where it is JSON, with every digit as it came; otherwise null',
    }),
    violations_now: listOf(violation, { description: 'What the rules of today say of the value' }),
    history: listOf(pastAttemptView, { description: 'The attempts, newest first; of refused attempts the latest' }),
  },
  {
    title: 'WholeDeadLetter',
    description: 'A dead letter with its value, its violations, and its attempts',
  },
)

export const deadLetterResultView = Type.Object(
  {
    id: Type.String(),
    outcome,
    state: deadLetterState,
    order_uid: Type.Optional(Type.String()),
    code: Type.Optional(Type.String({ description: 'Why it was refused' })),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(violations),
  },
  { title: 'DeadLetterResult', description: 'The result of an attempt' },
)

export const deadLetterSums = ['replayed', 'refused', 'discarded'] as const
export const deadLettersEndView = endOfLines('DeadLettersEnd', deadLetterSums)

export const deadLetterCountView = Type.Object(
  { topic: Type.String(), code: Type.String(), state: deadLetterState, letters: Type.Integer() },
  { title: 'DeadLetterCount', description: 'Dead letters of one topic, reason and state' },
)

/** An attempt to resolve a dead letter. */
export type DeadLetterAttempt = Static<typeof attemptView>
/** A stored dead letter as the API and the topic of dead letters show it. */
export type DeadLetterListing = Static<typeof messageView>
/** A dead letter in a list. */
export type ListedDeadLetter = Static<typeof deadLetterView>
export type PastAttempt = Static<typeof pastAttemptView>
export type WholeDeadLetter = Static<typeof wholeDeadLetterView>
export type DeadLetterResult = Static<typeof deadLetterResultView>
export type DeadLetterCount = Static<typeof deadLetterCountView>
