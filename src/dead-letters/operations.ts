import { Type } from 'typebox'
import { answer, linesOf, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { pageParameters } from '../platform/query.ts'
import { manyBody, remarksBody, replayBody } from './requests.ts'
import {
  deadLetterCountView,
  deadLetterResultView,
  deadLetterState,
  deadLettersEndView,
  deadLetterView,
  wholeDeadLetterView,
} from './views.ts'

/** The operations of dead letters in OpenAPI. */

/** The parameters of `GET /api/dead-letters`. */
export const listParameters = {
  ...pageParameters('Dead letters'),
  topic: { description: 'The topic it came by', schema: { type: 'string' } },
  code: { description: 'The reason', schema: { type: 'string', examples: ['ORDER_INVALID', 'ORDER_CONFLICT'] } },
  state: { description: 'Any if left out', schema: deadLetterState },
}

const tags = ['dead letters']
const taken = problemAnswer('It is resolved already, or somebody else is resolving it; the detail says which')
const unknown = problemAnswer('No dead letter has this id')
const unavailable = problemAnswer(
  'The database is unavailable, or the service is overloaded; the dead letter stays open',
)
const body = (schema: object, required = true) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})

/** Who discards says why. */
const withReason = (schema: object, title: string) => ({ ...schema, title, required: ['reason'] })

const many = (schema: object) => ({
  description:
    'Resolves the dead letters that are open when it begins, oldest first, in small batches. Answers a line for each, and a last one ' +
    'with the sums. Closing the connection stops the work.',
  tags,
  ...body(schema),
  responses: {
    200: answer(
      'A result a line',
      linesOf(Type.Union([deadLetterResultView, deadLettersEndView]), 'A result a line, the sums last'),
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
      200: pageAnswer('A page; the Link header leads to the next one', deadLetterView),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
    },
  },
  count: {
    operationId: 'countDeadLetters',
    summary: 'Count dead letters by topic, reason and state',
    description: 'Counts dead letters in every state.',
    tags,
    responses: {
      200: answer('The counts', Type.Array(deadLetterCountView)),
    },
  },
  get: {
    operationId: 'getDeadLetter',
    summary: 'Read a dead letter',
    description: 'With its bytes, the decoded value, its violations of the current rules, and the attempts.',
    tags,
    responses: {
      200: answer('The dead letter', wholeDeadLetterView),
      404: unknown,
    },
  },
  replay: {
    operationId: 'replayDeadLetter',
    summary: 'Replay a dead letter, as it came or edited',
    description:
      'An order goes through the intake, a command to its order, as if it had come by its topic. A refused one stays open, ' +
      'and the attempt is recorded.',
    tags,
    ...body(replayBody, false),
    responses: {
      200: answer('Accepted', deadLetterResultView),
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
    description: 'It is kept, and cannot be replayed any more.',
    tags,
    ...body(withReason(remarksBody, 'DeadLetterDiscard')),
    responses: {
      200: answer('Discarded', deadLetterResultView),
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
