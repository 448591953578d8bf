import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { listParameters } from './list.ts'
import { cancellationBody, cartPatchBody, checkoutBody, lineBody, mergeBody, newCartBody } from './requests.ts'
import { cartView, checkoutProblem, checkoutView, listedCartView, newCartView } from './views.ts'

/** The operations of carts in OpenAPI. */

const tags = ['carts']
const body = (schema: object, required = true) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})
const invalid = problemAnswer('The body or a parameter is not valid; errors lists everything')
const unknown = problemAnswer('There is no such cart, or the token is not its own')
const refused = problemAnswer('The cart is in a state that forbids it, or cannot have that much of the item')
const stale = problemAnswer('The cart has another version than If-Match says')
const cards = problemAnswer('The body holds a card number')
const unavailable = problemAnswer('The database is away, or too much is waiting; repeat it')
const ifMatch = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag of the cart: it is changed only if it still has that version',
  schema: { type: 'string' },
}
const etag = { ETag: { description: 'The version of the cart, for If-Match', schema: { type: 'string' } } }
const cart = (description: string) => answer(description, cartView, 'application/json', etag)
const owned = 'The cart is opened by its token, or by a key that has carts:write.'

export const cartOperations = {
  create: {
    operationId: 'createCart',
    summary: 'Create a cart',
    description:
      'The answer has the token of the cart: hand it to the browser of the customer. It is stored as its SHA-256 and not shown again.',
    tags,
    ...body(newCartBody),
    responses: {
      201: answer('The cart, and its token', newCartView, 'application/json', {
        ...etag,
        Location: { description: 'The cart', schema: { type: 'string' } },
      }),
      400: invalid,
      422: cards,
      503: unavailable,
    },
  },
  list: {
    operationId: 'listCarts',
    summary: 'List carts',
    description:
      'Newest first, of one state, without prices. Filters are exact. Where few of many match, a page may have fewer than asked for, or none, and a Link to the next one. An email address is personal data: proxies may log the addresses of requests.',
    tags,
    parameters: queryParameters(listParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', listedCartView),
      400: problemAnswer('A parameter is not valid'),
      503: unavailable,
    },
  },
  get: {
    operationId: 'getCart',
    summary: 'Read a cart with its prices',
    description: `Prices, discounts, taxes and warnings are those of this moment. ${owned}`,
    tags,
    responses: { 200: cart('The cart'), 404: unknown, 503: unavailable },
  },
  change: {
    operationId: 'changeCart',
    summary: 'Change the customer, the recipient, the delivery method or the discount codes',
    description: `What is left out stays, and null removes. ${owned}`,
    tags,
    parameters: [ifMatch],
    ...body(cartPatchBody),
    responses: {
      200: cart('The cart as it is now'),
      400: invalid,
      404: unknown,
      409: refused,
      412: stale,
      422: cards,
      503: unavailable,
    },
  },
  putLine: {
    operationId: 'putCartLine',
    summary: 'Put an item into the cart, or change its quantity',
    description: `The quantity is that of the line then, not one that is added. ${owned}`,
    tags,
    parameters: [ifMatch],
    ...body(lineBody),
    responses: {
      200: cart('The cart as it is now'),
      400: invalid,
      404: unknown,
      409: refused,
      412: stale,
      503: unavailable,
    },
  },
  removeLine: {
    operationId: 'removeCartLine',
    summary: 'Take an item out of the cart',
    description: `An item that is not in it is gone already. ${owned}`,
    tags,
    parameters: [ifMatch],
    responses: {
      200: cart('The cart as it is now'),
      400: invalid,
      404: unknown,
      409: refused,
      412: stale,
      503: unavailable,
    },
  },
  merge: {
    operationId: 'mergeCart',
    summary: 'Take over the lines of another cart',
    description:
      'As when a guest has signed in. Quantities are capped by the limits of the items, with a warning. Merging again changes nothing. ' +
      `${owned} With a token the other cart's is needed too.`,
    tags,
    parameters: [ifMatch],
    ...body(mergeBody),
    responses: {
      200: cart('The cart that has all lines now'),
      400: invalid,
      404: unknown,
      409: refused,
      412: stale,
      503: unavailable,
    },
  },
  checkout: {
    operationId: 'checkOutCart',
    summary: 'Make an order of the cart, and pay it',
    description:
      'One transaction places the order, takes its stock, uses up its codes and stores what is asked of the provider; then the provider is ' +
      `called. Pressing again gives the same order; after a payment that failed it begins another one. ${owned}`,
    tags,
    parameters: [ifMatch],
    ...body(checkoutBody),
    responses: {
      200: answer('The order that the cart became before, and its last payment', checkoutView),
      201: answer('The order, and its payment', checkoutView, 'application/json', {
        Location: { description: 'The order', schema: { type: 'string' } },
      }),
      400: invalid,
      404: unknown,
      409: answer(
        'Something is missing or out of stock, the total is not the expected one, or the checkout is under way',
        checkoutProblem,
        'application/problem+json',
      ),
      412: stale,
      422: problemAnswer('The body holds a card number, or the provider is unknown or cannot take the amount'),
      503: unavailable,
    },
  },
  order: {
    operationId: 'getCartOrder',
    summary: 'Read the order that a cart became',
    description: `With its last payment, as they are now. ${owned}`,
    tags,
    responses: {
      200: answer('The order, and its last payment', checkoutView),
      404: problemAnswer('There is no such cart, the token is not its own, or it has not become an order'),
      503: unavailable,
    },
  },
  cancelOrder: {
    operationId: 'cancelCartOrder',
    summary: 'Cancel the order that a cart became, for its buyer',
    description:
      'As long as nothing of it has left; what has is returned. Its stock is released, and its payment voided or refunded. Cancelling again ' +
      `changes nothing. ${owned}`,
    tags,
    ...body(cancellationBody, false),
    responses: {
      200: answer('The order, and its last payment', checkoutView),
      400: invalid,
      404: problemAnswer('There is no such cart, the token is not its own, or it has not become an order'),
      409: problemAnswer('Something of the order has left, or it is completed'),
      422: problemAnswer('The body holds a card number'),
      503: unavailable,
    },
  },
}
