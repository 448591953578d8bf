import { answer, problemAnswer } from '../platform/openapi.ts'
import { revocationBody } from './requests.ts'
import { trackedOrder, trackingLink } from './views.ts'

/** The operations of tracking pages in OpenAPI. */

const tags = ['tracking']
const ended = 'the order has no page any more: its customer was erased, or it has been over for too long'
const unavailable = problemAnswer('The database is away')

export const operations = {
  track: {
    operationId: 'trackOrder',
    summary: "Show where an order's parcels are",
    description:
      'Needs no key, but the link. It shows no recipient, no items, no amounts and no words of carriers. Live with Accept: text/event-stream: ' +
      'the order as it is, and again whenever it has changed. A link that nobody has made, one that was revoked and one that has expired are ' +
      'answered alike.',
    tags,
    responses: {
      200: {
        ...answer('The parcels, or a stream of them', trackedOrder),
        content: {
          'application/json': { schema: trackedOrder },
          'text/event-stream': { schema: { type: 'string', description: 'event: order, data: the parcels as JSON' } },
        },
      },
      404: problemAnswer('The link is unknown, or has expired'),
      406: problemAnswer('Accept allows neither JSON nor a stream'),
      429: problemAnswer('Too many pages are asked for; Retry-After says when to try again'),
      503: problemAnswer('The database is unavailable, or too many streams are open'),
    },
  },
  link: {
    operationId: 'getTrackingLink',
    summary: "Read the link to an order's tracking page",
    description: 'The same until it is revoked. It opens the page for anybody, so events and webhooks do not carry it.',
    tags,
    responses: {
      200: answer('The link', trackingLink),
      404: problemAnswer(`No order has this uid, or ${ended}`),
      503: unavailable,
    },
  },
  revoke: {
    operationId: 'revokeTrackingLink',
    summary: "Replace the link to an order's tracking page",
    description: 'The link that was valid until now is unknown from then on, and pages that show it end.',
    tags,
    requestBody: { content: { 'application/json': { schema: revocationBody } } },
    responses: {
      200: answer('The link that is valid from now on', trackingLink),
      400: problemAnswer('The body is not valid'),
      404: problemAnswer(`No order has this uid, or ${ended}`),
      503: unavailable,
    },
  },
  linkOfCart: {
    operationId: 'getCartTrackingLink',
    summary: "Read the link to the tracking page of a cart's order",
    description: "For the buyer: with the cart's token, or a key that opens all carts.",
    tags,
    responses: {
      200: answer('The link', trackingLink),
      404: problemAnswer(`There is no such cart, the token is not its own, it has not become an order, or ${ended}`),
      503: unavailable,
    },
  },
}
