import { storedOrderView } from '../orders/views.ts'
import { answer, problemAnswer } from '../platform/openapi.ts'
import { listOf } from '../platform/view.ts'
import { correctionBody, erasureBody } from './requests.ts'
import { customerExportView, erasureReachView, erasureView, orderErasureView, recipientView } from './views.ts'

/** The operations of customers and recipients in OpenAPI. */

const unavailable = problemAnswer('The database is unavailable; Retry-After says when to try again')

export const operations = {
  correctDelivery: {
    operationId: 'correctDelivery',
    summary: 'Correct the recipient of an order before it is shipped',
    description:
      'Fields that are not given stay. The order reads back corrected; what it was sent as and every correction are kept. Its price ' +
      'stays: a country or region with other taxes, or that the delivery method does not serve, is refused.',
    tags: ['orders'],
    requestBody: { required: true, content: { 'application/json': { schema: correctionBody } } },
    responses: {
      200: answer('The order as it is now', storedOrderView),
      400: problemAnswer('The body is not valid; errors lists every rule'),
      404: problemAnswer('No order has this uid'),
      409: problemAnswer('WOULD_REPRICE: the price would change; TRANSITION_REFUSED: it is too late'),
      422: problemAnswer('The reason holds a card number'),
      503: unavailable,
    },
  },
  getDelivery: {
    operationId: 'getDelivery',
    summary: 'Read the recipient of an order, and how it was corrected',
    description: 'What it was sent as, and the corrections, newest first; null once the recipient is erased.',
    tags: ['orders'],
    responses: {
      200: answer('The recipient', recipientView),
      404: problemAnswer('No order has this uid'),
      503: unavailable,
    },
  },
  eraseCustomer: {
    operationId: 'eraseCustomer',
    summary: 'Erase the recipients of a customer',
    description:
      'Names, addresses, phone numbers and emails leave the orders of the customer and everything that was made of them; amounts, the country ' +
      'and ids stay. It is answered within seconds: a large erasure goes on by itself, and asking again tells how far it is. An order that ' +
      'is not shipped can no longer be. An erased order that comes again is a duplicate.',
    tags: ['customers'],
    requestBody: { content: { 'application/json': { schema: erasureBody } } },
    responses: {
      200: answer('It is finished', erasureView),
      202: answer('It goes on', erasureView),
      400: problemAnswer('The body or the id is not valid'),
      422: problemAnswer('The reason holds a card number'),
      503: unavailable,
    },
  },
  exportCustomer: {
    operationId: 'exportCustomer',
    summary: 'Export everything that is stored about a customer',
    description:
      'The orders, oldest first, each with the rows that belong to it: history, corrections, payments, shipments and so on, by their tables; ' +
      'then what names the customer, such as carts. A customer that nothing is known of has an export without orders.',
    tags: ['customers'],
    responses: {
      200: answer('The export', customerExportView),
      400: problemAnswer('The id is not valid'),
      503: unavailable,
    },
  },
  eraseOrder: {
    operationId: 'eraseOrder',
    summary: 'Erase the recipient of one order',
    description:
      'For the order of a guest, which no customer id finds: the same as the erasure of a customer, for this order, the cart that it was and ' +
      'what names it.',
    tags: ['orders'],
    requestBody: { content: { 'application/json': { schema: erasureBody } } },
    responses: {
      200: answer('It is finished', orderErasureView),
      202: answer('It goes on', orderErasureView),
      400: problemAnswer('The body is not valid'),
      404: problemAnswer('No order has this uid'),
      422: problemAnswer('The reason holds a card number'),
      503: unavailable,
    },
  },
  listOrderErasures: {
    operationId: 'listOrderErasures',
    summary: 'List the erasures of an order, newest first',
    description: 'Those that were asked for this order alone; the last 100.',
    tags: ['orders'],
    responses: {
      200: answer('The erasures', listOf(orderErasureView)),
      404: problemAnswer('No order has this uid'),
      503: unavailable,
    },
  },
  getErasureReach: {
    operationId: 'getErasureReach',
    summary: 'Read what an erasure erases, keeps, and cannot reach',
    description: 'For a person who is about to erase somebody.',
    tags: ['customers'],
    responses: { 200: answer('What an erasure does', erasureReachView) },
  },
  listErasures: {
    operationId: 'listErasures',
    summary: 'List the erasures of a customer, newest first',
    description: 'The last 100.',
    tags: ['customers'],
    responses: {
      200: answer('The erasures', listOf(erasureView)),
      400: problemAnswer('The id is not valid'),
      503: unavailable,
    },
  },
}
