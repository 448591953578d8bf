import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { shipmentCheckpoint } from '../tracking/views.ts'
import { checkpointParameters, listParameters } from './list-query.ts'
import { remarkBody, shipBody, shipmentBody, updateBody } from './requests.ts'
import { shipmentView, shipmentWithEstimatesView } from './views.ts'

/** The operations of shipments in OpenAPI. */

const tags = ['shipments']
const unknown = problemAnswer('No shipment has this id')
const unknownOrder = problemAnswer('No order has this uid')
const unavailable = problemAnswer('The database is away, or the order is being changed; repeat it with the same key')
const invalid = problemAnswer('The body is not valid; errors lists everything')
const body = (schema: object, required: boolean) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})

/** A command to a shipment. */
const command = (schema: object, refused: string, isRequired = false) => ({
  tags,
  ...body(schema, isRequired),
  responses: {
    200: answer('The shipment as it is now', shipmentView),
    400: invalid,
    404: unknown,
    409: problemAnswer(refused),
    503: unavailable,
  },
})

export const operations = {
  create: {
    operationId: 'createShipment',
    summary: 'Plan a shipment of units of an order',
    description:
      'A unit can be in one shipment that is not cancelled. Orders whose items have several track_numbers get a planned shipment for each ' +
      'when they are placed.',
    tags,
    ...body(shipmentBody, true),
    responses: {
      201: answer('The shipment', shipmentView, 'application/json', {
        Location: { description: 'Where the shipment is', schema: { type: 'string', format: 'uri-reference' } },
      }),
      400: problemAnswer('The body is not valid, or the order does not have these units; errors lists everything'),
      404: unknownOrder,
      409: problemAnswer('A unit is in another shipment, or the order is over; code says which'),
      503: unavailable,
    },
  },
  ofOrder: {
    operationId: 'listOrderShipments',
    summary: 'Read the shipments of an order',
    description: 'Oldest first, those that were cancelled too.',
    tags,
    responses: { 200: answer('The shipments', { type: 'array', items: shipmentView }), 404: unknownOrder },
  },
  list: {
    operationId: 'listShipments',
    summary: 'List shipments, newest first',
    description: 'Each condition given must hold.',
    tags,
    parameters: queryParameters(listParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', shipmentView),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
    },
  },
  get: {
    operationId: 'getShipment',
    summary: 'Read a shipment',
    description: 'With the history of when it was expected, oldest first.',
    tags,
    responses: { 200: answer('The shipment', shipmentWithEstimatesView), 404: unknown },
  },
  checkpoints: {
    operationId: 'listShipmentCheckpoints',
    summary: "List what carriers have said of a shipment's parcels",
    description:
      'Parcel by parcel, in the order in which their numbers were added, and of each the newest first: whatever was reported, also what moves ' +
      "nothing. With the carrier's code and words, which may name people.",
    tags,
    parameters: queryParameters(checkpointParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', shipmentCheckpoint),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
      404: unknown,
    },
  },
  pack: {
    operationId: 'packShipment',
    summary: 'Pack a shipment',
    description: 'It is ready to be handed to the carrier.',
    ...command(remarkBody, 'The shipment or its order is in a state that forbids it; code says which'),
  },
  ship: {
    operationId: 'shipShipment',
    summary: 'Hand a shipment to its carrier',
    description:
      'Takes the stock of its units from where it is reserved, in the same transaction; from elsewhere only with reallocate. What is not ' +
      'paid is not shipped, unless it is paid on delivery or the service is set so.',
    ...command(shipBody, 'It is not paid, the stock is elsewhere, or a state forbids it; code says which'),
  },
  deliver: {
    operationId: 'deliverShipment',
    summary: 'Record that a shipment has arrived',
    description: 'For what no carrier reports. When all units of an order are delivered, it is completed.',
    ...command(remarkBody, 'The shipment is in a state that forbids it'),
  },
  cancel: {
    operationId: 'cancelShipment',
    summary: 'Cancel a shipment that has not arrived',
    description: 'What had left goes back to where it was taken from, and is reserved again while the order wants it.',
    ...command(remarkBody, 'The shipment is in a state that forbids it'),
  },
  update: {
    operationId: 'updateShipment',
    summary: 'Add tracking numbers to a shipment, or say when it is expected',
    description: 'Numbers are added, never replaced; one that the shipment has already stays as it is.',
    ...command(updateBody, 'The shipment is in a state that forbids it, or has too many numbers', true),
  },
}
