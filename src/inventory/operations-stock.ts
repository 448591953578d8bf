import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { countBody, locationBody, movementBody } from './requests.ts'
import { movementListParameters, stockListParameters } from './stock-list-query.ts'
import { countView, locationView, movementView, recordedMovementView, stockView } from './views.ts'

/** The operations of stock and locations in OpenAPI. */

const tags = ['inventory']
const unknown = problemAnswer('There is no such item')
const invalid = problemAnswer('The body is not valid; errors lists everything')
const wrongQuery = problemAnswer('A parameter is wrong; errors lists all of them')
const unavailable = problemAnswer(
  'The database is unavailable, or the item is being changed; Retry-After says when to try again',
)
const body = (schema: object) => ({ requestBody: { required: true, content: { 'application/json': { schema } } } })

export const stockOperations = {
  list: {
    operationId: 'listStock',
    summary: 'List tracked items with their stock, by their numbers',
    description:
      'Every condition given must hold. level=low,out_of_stock lists what has to be ordered. Where few items match, a page may have fewer than asked for, or none, and a Link to the next one.',
    tags,
    parameters: queryParameters(stockListParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', stockView),
      400: wrongQuery,
      503: unavailable,
    },
  },
  get: {
    operationId: 'getStock',
    summary: 'Read the stock of an item',
    description:
      'What is available is what is on hand, less what is reserved and what is unavailable. Only locations that have had stock are listed.',
    tags,
    responses: { 200: answer('The stock, in all and by location', stockView), 404: unknown, 503: unavailable },
  },
  movements: {
    operationId: 'listStockMovements',
    summary: 'List what changed the stock of an item, newest first',
    description:
      'Every unit of its stock is accounted for: movements are never changed or removed. Where few of many match, a page may have fewer than asked for, or none, and a Link to the next one.',
    tags,
    parameters: queryParameters(movementListParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', movementView),
      400: wrongQuery,
      404: unknown,
      503: unavailable,
    },
  },
  move: {
    operationId: 'moveStock',
    summary: 'Record a movement of stock',
    description:
      'Units were received, returned, adjusted, transferred to another location, written off, or put in quarantine and taken out. The first ' +
      'movement at a location tracks the item there. With external_id it is recorded once, also without an Idempotency-Key.',
    tags,
    ...body(movementBody),
    responses: {
      201: answer('Recorded', recordedMovementView),
      200: answer('It was recorded before under its external_id', recordedMovementView),
      400: invalid,
      404: unknown,
      409: problemAnswer('There is not enough stock, or the external_id is taken; code says which'),
      503: unavailable,
    },
  },
  count: {
    operationId: 'countStock',
    summary: 'Record a count of stock',
    description:
      'on_hand becomes what was counted. A count that is older than what on_hand is known by, such as a later movement or count, is kept and ' +
      'changes nothing: applied is false.',
    tags,
    ...body(countBody),
    responses: {
      200: answer('The count, and the stock after it', countView),
      400: invalid,
      404: unknown,
      409: problemAnswer(
        'The stock is another than expected, less was counted than is reserved, or the external_id is taken',
      ),
      503: unavailable,
    },
  },
}

export const locationOperations = {
  put: {
    operationId: 'putLocation',
    summary: 'Write a location',
    description:
      'The location is as it was sent from then on; what is left out has its default. main is there from the start.',
    tags,
    ...body(locationBody),
    responses: {
      201: answer('Created', locationView),
      200: answer('Changed', locationView),
      400: invalid,
      409: problemAnswer('There are as many locations as there may be'),
      503: unavailable,
    },
  },
  list: {
    operationId: 'listLocations',
    summary: 'List locations, in the order in which orders take from them',
    description: 'Sorted by priority. Locations that are not active are listed too; orders take nothing from them.',
    tags,
    responses: {
      200: answer('All of them, at most 1,000', { type: 'array', items: locationView }),
      503: unavailable,
    },
  },
  get: {
    operationId: 'getLocation',
    summary: 'Read a location',
    description: 'Its fields are what the last write of it said.',
    tags,
    responses: {
      200: answer('The location', locationView),
      404: problemAnswer('There is no such location'),
      503: unavailable,
    },
  },
}
