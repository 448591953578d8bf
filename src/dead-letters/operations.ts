import { answer, linesOf, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { pageSizeMax } from '../platform/query.ts'
import { endOfLines, violations } from '../platform/view.ts'
import { deadLetterStates } from './dead-letter.ts'
import { manyBody, remarksBody, replayBody } from './requests.ts'

/** What the API documentation says of dead letters. */

/** A letter is open until it has been dealt with. */
const state = { title: 'DeadLetterState', type: 'string', enum: deadLetterStates }

/** The parameters of `GET /api/dead-letters`. */
export const listParameters = {
  limit: {
    description: 'Dead letters on a page',
    schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
  },
  cursor: { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } },
  topic: { description: 'The topic it came by', schema: { type: 'string' } },
  code: { description: 'The reason', schema: { type: 'string', examples: ['ORDER_INVALID', 'ORDER_CONFLICT'] } },
  state: { description: 'Any unless given; open: those that wait for somebody', schema: state },
}

const text = { type: 'string' }
const textOrNull = { type: ['string', 'null'] }
const base64OrNull = { type: ['string', 'null'], contentEncoding: 'base64' }
const time = { type: 'string', format: 'date-time' }
const letter = { $ref: '#/components/schemas/DeadLetter' }

const outcome = {
  title: 'DeadLetterOutcome',
  type: 'string',
  enum: ['placed', 'duplicate', 'carried_out', 'refused', 'discarded'],
}

const attempt = {
  title: 'DeadLetterAttempt',
  type: 'object',
  description: 'An attempt to deal with a dead letter',
  required: ['attempt', 'outcome', 'actor', 'reason', 'order_uid', 'code', 'detail', 'is_edited', 'recorded_at'],
  properties: {
    attempt: { type: 'integer', minimum: 1 },
    outcome,
    actor: text,
    reason: text,
    order_uid: { ...textOrNull, description: 'Of the order that was placed or changed' },
    code: { ...textOrNull, description: 'Why it was refused' },
    detail: textOrNull,
    is_edited: { type: 'boolean', description: 'Whether other bytes than those of the message were tried' },
    recorded_at: time,
  },
}

/** A header of a message: its name, and its value in base64. */
const header = { type: 'array', items: textOrNull, minItems: 2, maxItems: 2 }

/** What of a dead letter is shown wherever it is. */
const letterFields = {
  id: text,
  topic: text,
  partition: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 },
  offset: text,
  key: base64OrNull,
  value: base64OrNull,
  text: { ...textOrNull, description: 'The value as text, where it is UTF-8' },
  headers: { type: 'array', description: 'Name, and value in base64', items: header },
  message_time: { type: ['string', 'null'], format: 'date-time' },
  code: text,
  detail: text,
  violations,
  recorded_at: time,
  state,
  attempts: { type: 'integer', description: 'How often it was tried to deal with it' },
  last_attempt: {
    anyOf: [{ $ref: '#/components/schemas/DeadLetterAttempt' }, { type: 'null' }],
    description: 'For a letter that is not open: how that came',
  },
}

export const deadLetterSchemas = {
  DeadLetterAttempt: attempt,
  DeadLetter: {
    title: 'DeadLetter',
    type: 'object',
    description: 'A message that could not be taken in',
    required: Object.keys(letterFields),
    properties: letterFields,
  },
  WholeDeadLetter: {
    title: 'WholeDeadLetter',
    type: 'object',
    description: 'A dead letter with what it holds, what is wrong with it, and what was tried',
    required: [...Object.keys(letterFields), 'json', 'violations_now', 'history'],
    properties: {
      ...letterFields,
      json: { description: 'The value decoded, where it is JSON, with every digit as it came; otherwise null' },
      violations_now: { ...violations, description: 'What the rules of today say of the value' },
      history: {
        type: 'array',
        description: 'What was tried, newest first; of refused attempts the latest',
        items: {
          ...attempt,
          title: 'PastAttempt',
          required: [...attempt.required, 'violations', 'edited_text'],
          properties: {
            ...attempt.properties,
            violations,
            edited_text: { ...textOrNull, description: 'What was tried instead, of the latest such attempt' },
          },
        },
      },
    },
  },
  DeadLetterResult: {
    title: 'DeadLetterResult',
    description: 'What became of a dead letter',
    type: 'object',
    required: ['id', 'outcome', 'state'],
    properties: {
      id: text,
      outcome,
      state,
      order_uid: text,
      code: { type: 'string', description: 'Why it was refused' },
      detail: text,
      errors: violations,
    },
  },
  DeadLettersEnd: endOfLines('DeadLettersEnd', ['replayed', 'refused', 'discarded']),
}

const tags = ['dead letters']
const taken = problemAnswer(
  'It is replayed or discarded already, or somebody else is dealing with it; the detail says which',
)
const unknown = problemAnswer('No dead letter has this id')
const unavailable = problemAnswer('The database is away, or too much is waiting; the letter stays open')
const result = { $ref: '#/components/schemas/DeadLetterResult' }
const body = (schema: object, required = true) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})

/** Who discards says why. */
const withReason = (schema: object, title: string) => ({ ...schema, title, required: ['reason'] })

const many = (schema: object) => ({
  description:
    'Those that are open when it begins, oldest first, in small batches. A line for each letter, and a last one with the sums. ' +
    'Who stops reading stops the work.',
  tags,
  ...body(schema),
  responses: {
    200: answer(
      'A result a line',
      linesOf({ anyOf: [result, { $ref: '#/components/schemas/DeadLettersEnd' }] }, 'A result a line, the sums last'),
      'application/x-ndjson',
    ),
    400: problemAnswer('The body is not valid; errors lists everything'),
    503: unavailable,
  },
})

export const operations = {
  list: {
    operationId: 'listDeadLetters',
    summary: 'List dead letters, newest first',
    description: 'Each condition given must hold.',
    tags,
    parameters: queryParameters(listParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', letter),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
    },
  },
  count: {
    operationId: 'countDeadLetters',
    summary: 'Count dead letters by topic, reason and state',
    description: 'All that there are; those that are open wait for somebody.',
    tags,
    responses: {
      200: answer('The counts', {
        type: 'array',
        items: {
          title: 'DeadLetterCount',
          type: 'object',
          description: 'Dead letters of one topic, reason and state',
          required: ['topic', 'code', 'state', 'letters'],
          properties: { topic: text, code: text, state, letters: { type: 'integer' } },
        },
      }),
    },
  },
  get: {
    operationId: 'getDeadLetter',
    summary: 'Look at a dead letter',
    description: 'With its bytes, the decoded value, what the rules of today say of it, and what was tried.',
    tags,
    responses: {
      200: answer('The letter', { $ref: '#/components/schemas/WholeDeadLetter' }),
      404: unknown,
    },
  },
  replay: {
    operationId: 'replayDeadLetter',
    summary: 'Replay a dead letter, as it came or edited',
    description:
      'An order goes through the intake, a command to its order, as if it had come by its topic. What is refused stays open, ' +
      'and the attempt is recorded.',
    tags,
    ...body(replayBody, false),
    responses: {
      200: answer('Taken in', result),
      400: problemAnswer('The request, the order or the command is not valid; errors lists every violation'),
      404: problemAnswer('No dead letter has this id, or there is no order for the command; code says which'),
      409: problemAnswer(
        'Refused: another order has the uid, or the order is in a state that forbids the command; or taken',
      ),
      412: problemAnswer('The order has another version than the command asks for'),
      413: problemAnswer('The body is too large'),
      500: problemAnswer('The database refused the order'),
      503: unavailable,
    },
  },
  discard: {
    operationId: 'discardDeadLetter',
    summary: 'Discard a dead letter, with a reason',
    description: 'It is kept, and is not replayed any more.',
    tags,
    ...body(withReason(remarksBody, 'DeadLetterDiscard')),
    responses: {
      200: answer('Discarded', result),
      400: problemAnswer('The body is not valid; errors lists everything'),
      404: unknown,
      409: taken,
      503: unavailable,
    },
  },
  replayMany: { operationId: 'replayDeadLetters', summary: 'Replay many dead letters', ...many(manyBody) },
  discardMany: {
    operationId: 'discardDeadLetters',
    summary: 'Discard many dead letters, with a reason',
    ...many(withReason(manyBody, 'DeadLetterBulkDiscard')),
  },
}
