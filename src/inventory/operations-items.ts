import { Type } from 'typebox'
import { answer, linesOf, pageAnswer, problemAnswer, queryParameters, withLines } from '../platform/openapi.ts'
import { itemBody, itemLine, itemView } from './item-document.ts'
import { itemListParameters } from './item-list-query.ts'
import { itemBatchEndView, itemResultView, itemsEndView } from './views.ts'

/** The operations of items in OpenAPI. */

const tags = ['inventory']
const unavailable = problemAnswer(
  'The database is unavailable, or the item is being changed; Retry-After says when to try again',
)

export const itemOperations = {
  put: {
    operationId: 'putItem',
    summary: 'Write an item',
    description:
      'The item is as it was sent from then on; what is left out has its default. What a limit of back-orders was lowered below stays ' +
      'ordered, and only shrinks.',
    tags,
    requestBody: { required: true, content: { 'application/json': { schema: itemBody } } },
    responses: {
      201: answer('Created', itemView, 'application/json', {
        Location: { description: 'Where the item is', schema: { type: 'string', format: 'uri-reference' } },
      }),
      200: answer('Changed, or the same as before', itemView),
      400: problemAnswer('The item is not valid; errors lists everything'),
      413: problemAnswer('More than 64 KiB'),
      415: problemAnswer('Not JSON, or compressed'),
      503: unavailable,
    },
  },
  get: {
    operationId: 'getItem',
    summary: 'Read an item',
    description: 'Its stock is not part of it: see the stock of the same number.',
    tags,
    responses: { 200: answer('The item', itemView), 404: problemAnswer('There is no such item'), 503: unavailable },
  },
  list: {
    operationId: 'listItems',
    summary: 'List and search items, by their numbers',
    description:
      'Every condition given must hold. Where few of many items match, a page may have fewer than asked for, or none, and a Link to the next one. With Accept: application/x-ndjson every match is streamed, followed by a last line that says complete.',
    tags,
    parameters: queryParameters(itemListParameters),
    responses: {
      200: withLines(
        pageAnswer('A page; the Link header leads to the next one', itemView),
        linesOf(
          Type.Union([itemView, itemsEndView]),
          'An item a line, without pages, and a last line that says complete',
        ),
      ),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
      406: problemAnswer('Accept allows neither JSON nor NDJSON'),
      503: unavailable,
    },
  },
  batch: {
    operationId: 'putItems',
    summary: 'Write many items, as NDJSON or CSV',
    description:
      'One item a line; one result a line, in the same order; a bad line is refused by itself. CSV has a heading with the names of ' +
      'the fields, and a column such as prices.USD for each currency. Of two lines with one item the later counts. The last line says ' +
      'complete and how many; without it the answer was cut off.',
    tags,
    requestBody: {
      required: true,
      content: {
        'application/x-ndjson': { schema: linesOf(itemLine, 'An item a line') },
        'text/csv': { schema: { type: 'string', format: 'binary', contentMediaType: 'text/csv' } },
      },
    },
    responses: {
      200: answer(
        'A result a line',
        linesOf(Type.Union([itemResultView, itemBatchEndView]), 'A result a line, and a last one with the sums'),
        'application/x-ndjson',
      ),
      400: problemAnswer('The body could not be read, and no item was written'),
      413: problemAnswer('The first line has more than 64 KiB'),
      415: problemAnswer('Neither NDJSON nor CSV, or compressed'),
      503: unavailable,
    },
  },
}
