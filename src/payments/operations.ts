import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { listParameters } from './list-query.ts'
import { captureBody, paymentBody, recordBody, refundBody, voidBody } from './requests.ts'
import { paymentView, paymentWithOperationsView, providerView } from './views.ts'

/** The operations of payments in OpenAPI. */

/** The longest that a request can wait for an outcome. */
export const waitMaxSeconds = 30

/** The parameters of `GET /api/payments/:id`. */
export const waitParameters = {
  wait: {
    description:
      'Waits while the outcome is open, for the provider or for the payer, at most this many seconds; a change of the state is answered ' +
      'at once',
    schema: { type: 'integer', minimum: 0, maximum: waitMaxSeconds, default: 0 },
  },
}

const tags = ['payments']
const unknown = problemAnswer('No payment has this id')
const unavailable = problemAnswer('The database is away, or the order is being changed; repeat it with the same key')
const invalid = problemAnswer('The body is not valid, or there is no Idempotency-Key; errors lists everything')
const body = (schema: object, required: boolean) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})

/** What moves money, or records that it has moved. */
const money = (schema: object, refused: string, isRequired = false) => ({
  tags,
  ...body(schema, isRequired),
  responses: {
    200: answer('The payment as it is now', paymentView),
    400: invalid,
    404: unknown,
    409: problemAnswer(refused),
    503: unavailable,
  },
})

export const operations = {
  create: {
    operationId: 'createPayment',
    summary: 'Pay an order',
    description:
      'Asks a provider to authorize an amount of the order, and unless capture is manual to capture it. A refusal of the provider is no ' +
      'error: the payment has the state failed. An outcome that is not known yet has the state processing, and is found out. ' +
      'However often the request is repeated with its key, the payer is charged once.',
    tags,
    ...body(paymentBody, true),
    responses: {
      201: answer('The payment', paymentView, 'application/json', {
        Location: { description: 'Where the payment is', schema: { type: 'string', format: 'uri-reference' } },
      }),
      400: invalid,
      404: problemAnswer('No order has this uid'),
      409: problemAnswer(
        'Another payment is under way, it is more than is left to be paid, or the order is over; code says which',
      ),
      503: unavailable,
    },
  },
  ofOrder: {
    operationId: 'listOrderPayments',
    summary: 'Read the payments of an order',
    description:
      'Oldest first, with everything that was asked of their providers. An order that arrived paid has one payment, under its own uid.',
    tags,
    responses: {
      200: answer('The payments', { type: 'array', items: paymentWithOperationsView }),
      404: problemAnswer('No order has this uid'),
    },
  },
  list: {
    operationId: 'listPayments',
    summary: 'List payments, newest first',
    description:
      'Each condition given must hold. Payments that orders arrived with are listed once money has moved on them.',
    tags,
    parameters: queryParameters(listParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', paymentView),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
    },
  },
  get: {
    operationId: 'getPayment',
    summary: 'Read a payment, and wait for its outcome',
    description: 'With everything that was asked of its provider.',
    tags,
    parameters: queryParameters(waitParameters),
    responses: {
      200: answer('The payment', paymentWithOperationsView),
      400: problemAnswer('The parameter is wrong'),
      404: unknown,
    },
  },
  providers: {
    operationId: 'listPaymentProviders',
    summary: 'List the payment providers that are configured',
    description: 'Payments are made, and webhooks are accepted, at these only.',
    tags,
    responses: { 200: answer('The providers', { type: 'array', items: providerView }) },
  },
  capture: {
    operationId: 'capturePayment',
    summary: 'Capture what is authorized',
    description: 'All of it or a part, also in several steps.',
    ...money(captureBody, 'Another operation is under way, or less can be captured; code says which'),
  },
  void: {
    operationId: 'voidPayment',
    summary: 'Release what is authorized and not captured',
    description: 'Nothing more is taken from the payer.',
    ...money(voidBody, 'Another operation is under way, or nothing is held; code says which'),
  },
  refund: {
    operationId: 'refundPayment',
    summary: 'Pay back what was captured',
    description:
      'All of it or a part. What is being refunded already counts: together they never exceed what was captured.',
    ...money(refundBody, 'Less can be refunded; code says which'),
  },
  record: {
    operationId: 'recordPayment',
    summary: 'Record money that has moved outside',
    description: 'For payments of the provider manual, such as cash on delivery, and for orders that arrived paid.',
    ...money(recordBody, 'The provider moves its money itself, or less can be refunded; code says which', true),
  },
  sync: {
    operationId: 'syncPayment',
    summary: 'Ask the provider for a payment',
    description: 'Applies what the provider says of it now. Without an answer the payment stays as it is.',
    tags,
    responses: {
      200: answer('The payment as it is now', paymentView),
      404: unknown,
      503: unavailable,
    },
  },
}
