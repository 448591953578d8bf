import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { listParameters } from './list-query.ts'
import { receiptBody, refundBody, remarkBody, returnBody } from './requests.ts'
import { returnView } from './views.ts'

/** The operations of returns in OpenAPI. */

const tags = ['returns']
const unknown = problemAnswer('No return has this id')
const unknownOrder = problemAnswer('No order has this uid')
const unavailable = problemAnswer('The database is away, or the order is being changed; repeat it with the same key')
const invalid = problemAnswer('The body is not valid; errors lists everything')
const body = (schema: object, required: boolean) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})

/** A command to a return. */
const command = (schema: object, refused: string, isRequired = false) => ({
  tags,
  ...body(schema, isRequired),
  responses: {
    200: answer('The return as it is now', returnView),
    400: invalid,
    404: unknown,
    409: problemAnswer(refused),
    503: unavailable,
  },
})

const forbidden = 'The return is in a state that forbids it'

export const operations = {
  create: {
    operationId: 'createReturn',
    summary: 'Request the return of units of an order',
    description:
      'Of units that have left and are not back. A unit can be in one return that is neither rejected nor cancelled.',
    tags,
    ...body(returnBody, true),
    responses: {
      201: answer('The return', returnView, 'application/json', {
        Location: { description: 'Where the return is', schema: { type: 'string', format: 'uri-reference' } },
      }),
      400: problemAnswer('The body is not valid, or the order does not have these units; errors lists everything'),
      404: unknownOrder,
      409: problemAnswer('A unit has not left, or is in another return; code says which'),
      503: unavailable,
    },
  },
  ofOrder: {
    operationId: 'listOrderReturns',
    summary: 'Read the returns of an order',
    description: 'Oldest first, those that were rejected or cancelled too.',
    tags,
    responses: { 200: answer('The returns', { type: 'array', items: returnView }), 404: unknownOrder },
  },
  list: {
    operationId: 'listReturns',
    summary: 'List returns, newest first',
    description: 'Each condition given must hold. requested, approved and received are what somebody has to do.',
    tags,
    parameters: queryParameters(listParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', returnView),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
    },
  },
  get: {
    operationId: 'getReturn',
    summary: 'Read a return',
    description: 'With what can be done now.',
    tags,
    responses: { 200: answer('The return', returnView), 404: unknown },
  },
  approve: {
    operationId: 'approveReturn',
    summary: 'Approve a return',
    description: 'Its units may be sent back.',
    ...command(remarkBody, forbidden),
  },
  reject: {
    operationId: 'rejectReturn',
    summary: 'Reject a return',
    description: 'Its units are not taken back, and can be in another return.',
    ...command(remarkBody, forbidden),
  },
  receive: {
    operationId: 'receiveReturn',
    summary: 'Receive units of a return',
    description:
      'Some or all, as often as parcels come; the same again changes nothing. restock puts a unit back into the stock of its location, damaged ' +
      'into quarantine there; missing was not in the parcel, and may be received later. The return is received when every unit has a condition. ' +
      'A list of units alone is taken as well.',
    ...command(receiptBody, 'A unit has come in as something else, or a state forbids it; code says which', true),
  },
  refund: {
    operationId: 'refundReturn',
    summary: 'Refund a return',
    description:
      'What was paid for the units that are back, after discounts and with taxes, and for delivery if asked, less the fee; by default never more ' +
      'than can be refunded of the payments. It is taken from the payments of the order, oldest first; where people move the money it is ' +
      'recorded. A refund whose provider has not answered is pending; asking again goes on with it, and nothing is refunded twice.',
    ...command(refundBody, 'More than can be refunded, or the return is in a state that forbids it; code says which'),
  },
  cancel: {
    operationId: 'cancelReturn',
    summary: 'Cancel a return of which nothing has come in',
    description: 'Its units can be in another return.',
    ...command(remarkBody, forbidden),
  },
}
