import { storedOrderView } from '../orders/views.ts'
import { answer, problemAnswer } from '../platform/openapi.ts'
import { correctionBody } from './requests.ts'
import { recipientView } from './views.ts'

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
    tags: ['orders'],
    responses: {
      200: answer('The recipient', recipientView),
      404: problemAnswer('No order has this uid'),
      503: unavailable,
    },
  },
}
