import { Type } from 'typebox'
import { answer, linesOf, pageAnswer, problemAnswer, queryParameters, withLines } from '../platform/openapi.ts'
import { orderDocument } from './document.ts'
import { listParameters } from './list-query.ts'
import { batchEndView, batchResultView, ordersEndView, sentOrderView, storedOrderView } from './views.ts'

/** The operations of orders in OpenAPI. */

const entityTag = { ETag: { description: 'The version of the order', schema: { type: 'string' } } }
const overloaded = problemAnswer('Overloaded, or the database is unavailable; Retry-After says when to try again')
const tags = ['orders']

export const operations = {
  placeOrder: {
    operationId: 'placeOrder',
    summary: 'Place an order',
    description: 'Answers after the order is durable. Sending the same order again has no effect.',
    tags,
    requestBody: { required: true, content: { 'application/json': { schema: orderDocument } } },
    responses: {
      201: answer('Placed', storedOrderView, 'application/json', {
        ...entityTag,
        Location: { description: 'Where the order is', schema: { type: 'string', format: 'uri-reference' } },
      }),
      200: answer('The same order was placed before', storedOrderView, 'application/json', entityTag),
      400: problemAnswer('The order breaks the contract; errors lists every rule'),
      409: problemAnswer(
        'Another order has this order_uid; or OUT_OF_STOCK: too little of an item is left, and errors says how much',
      ),
      413: problemAnswer('More than 1 MiB'),
      415: problemAnswer('Not JSON, or compressed'),
      500: problemAnswer('The database refused the order'),
      503: overloaded,
    },
  },
  placeBatch: {
    operationId: 'placeBatch',
    summary: 'Place many orders',
    description:
      'One order a line; one result a line, in the same order; a bad line is refused by itself. The last line says complete and ' +
      'how many; without it the answer was cut off. Results are held back until everything is sent or the sender pauses.',
    tags,
    requestBody: {
      required: true,
      content: { 'application/x-ndjson': { schema: linesOf(orderDocument, 'An order a line') } },
    },
    responses: {
      200: answer(
        'A result a line',
        linesOf(Type.Union([batchResultView, batchEndView]), 'A result a line, and a last one with the sums'),
        'application/x-ndjson',
      ),
      400: problemAnswer('The body could not be read, and no order was placed'),
      413: problemAnswer('The first line has more than 1 MiB'),
      415: problemAnswer('Not NDJSON, or compressed'),
      503: overloaded,
    },
  },
  placeExample: {
    operationId: 'placeExampleOrder',
    summary: 'Make an example order and send it the way orders come in',
    description: 'Through Kafka where it is configured, otherwise directly.',
    tags,
    responses: {
      202: answer('Sent', sentOrderView),
      503: problemAnswer('Kafka or the database is unavailable'),
    },
  },
  listOrders: {
    operationId: 'listOrders',
    summary: 'List orders, newest first unless sorted otherwise',
    description:
      'Every condition given must hold. With Accept: application/x-ndjson every match is streamed, followed by a last line that says complete.',
    tags,
    parameters: queryParameters(listParameters),
    responses: {
      200: withLines(
        pageAnswer('A page; the Link header leads to the next one', storedOrderView),
        linesOf(
          Type.Union([storedOrderView, ordersEndView]),
          'An order a line, without pages, and a last line that says complete',
        ),
      ),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
      406: problemAnswer('Accept allows neither JSON nor NDJSON'),
      503: overloaded,
    },
  },
  getOrder: {
    operationId: 'getOrder',
    summary: 'Read an order',
    description: 'Answers from memory where possible; the ETag is the version of the order.',
    tags,
    parameters: [
      {
        name: 'If-None-Match',
        in: 'header',
        description: 'The ETag that the caller has',
        schema: { type: 'string' },
      },
    ],
    responses: {
      200: answer('The order', storedOrderView, 'application/json', entityTag),
      304: { description: 'The caller has this version' },
      404: problemAnswer('No order has this uid'),
      503: overloaded,
    },
  },
}
