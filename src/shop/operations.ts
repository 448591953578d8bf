import { newCartView } from '../carts/views.ts'
import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { guestCartBody, shopItemParameters } from './requests.ts'
import { catalogueFilledView, shopItemView } from './views.ts'

/** The operations of the demo shop in OpenAPI. */

const tags = ['shop']
const body = (schema: object) => ({ requestBody: { required: true, content: { 'application/json': { schema } } } })
const unavailable = problemAnswer('The database is away, or too much is asked for; repeat it')
const invalid = problemAnswer('The body or a parameter is not valid; errors lists everything')
const demo = 'Only where the demo shop is on (DEMO_SHOP); needs no key.'

export const shopOperations = {
  list: {
    operationId: 'listShopItems',
    summary: 'List what the demo shop offers',
    description: `Items that are sold, by their numbers, with prices and what is available; as of a second ago at most. ${demo}`,
    tags,
    parameters: queryParameters(shopItemParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', shopItemView),
      400: problemAnswer('A parameter is not valid'),
      503: unavailable,
    },
  },
  read: {
    operationId: 'getShopItem',
    summary: 'Read an item that the demo shop offers',
    description: `As of a second ago at most. ${demo}`,
    tags,
    responses: {
      200: answer('The item', shopItemView),
      404: problemAnswer('There is no such item, or it is not sold'),
      503: unavailable,
    },
  },
  createCart: {
    operationId: 'createGuestCart',
    summary: 'Create a cart for a guest of the demo shop',
    description: `The answer has the token that opens it. How many carts an instance creates a second is limited. ${demo}`,
    tags,
    ...body(guestCartBody),
    responses: { 201: answer('The cart, and its token', newCartView), 400: invalid, 503: unavailable },
  },
  fill: {
    operationId: 'fillDemoCatalogue',
    summary: 'Fill an empty catalogue with the demo one',
    description:
      'Items with prices and stock, two delivery methods, a tax rate, and the discount code WELCOME10. What is there stays as it is, so ' +
      `that it may be sent again. ${demo}`,
    tags,
    ...body({ type: 'object', title: 'DemoCatalogue', additionalProperties: false }),
    responses: {
      200: answer('The catalogue is there', catalogueFilledView),
      400: invalid,
      409: problemAnswer('There are other items already'),
      503: unavailable,
    },
  },
}
