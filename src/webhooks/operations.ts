import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { pageParameters } from '../platform/query.ts'
import { rotationBody, webhookBodies } from './bodies.ts'
import { deliveryOutcome, deliveryView, webhookView, webhookWithSecretView } from './views.ts'

/** The operations of webhooks in OpenAPI. */

export const listParameters = pageParameters('Entries')

export const deliveryParameters = {
  ...listParameters,
  stream_type: { description: 'Of events of streams of this type', schema: { type: 'string' } },
  stream_id: { description: 'Of events of this stream', schema: { type: 'string' } },
  order_uid: { description: 'Of events that concern this order', schema: { type: 'string' } },
  outcome: { description: 'Only these', schema: deliveryOutcome },
}

const pageOf = (view: object) => pageAnswer('A page, newest first; the Link header leads to the next one', view)
const body = (schema: object) => ({ content: { 'application/json': { schema } } })

const tags = ['webhooks']
const notFound = { 404: problemAnswer('There is no such webhook') }
const notValid = { 400: problemAnswer('The body or a parameter is not valid; errors lists all that is wrong') }
const unresolved = { 503: problemAnswer('The name of the host cannot be resolved now') }

/** Those that are the same whatever types of events there are. */
const fixedOperations = {
  list: {
    operationId: 'listWebhooks',
    summary: 'List webhooks',
    description: 'Newest first, those that are disabled among them.',
    tags,
    parameters: queryParameters(listParameters),
    responses: { 200: pageOf(webhookView), ...notValid },
  },
  read: {
    operationId: 'readWebhook',
    summary: 'Read a webhook and the state of its deliveries',
    description: 'Its secret is not shown again.',
    tags,
    responses: { 200: answer('The subscription', webhookView), ...notFound },
  },
  remove: {
    operationId: 'deleteWebhook',
    summary: 'Unsubscribe; the retry queue and the delivery log are removed with it',
    description: 'A delivery that is being sent may still arrive.',
    tags,
    responses: { 204: { description: 'It is gone' }, ...notFound },
  },
  rotate: {
    operationId: 'rotateWebhookSecret',
    summary: 'Make a new secret; the previous one stays valid for a while',
    description: 'While both are valid, deliveries carry a signature of each.',
    tags,
    requestBody: body(rotationBody),
    responses: {
      200: answer('The subscription', webhookWithSecretView),
      ...notValid,
      ...notFound,
    },
  },
  enable: {
    operationId: 'enableWebhook',
    summary: 'Deliver again: from where it was, if its checkpoint is still kept',
    description: 'Where its checkpoint is no longer kept, it continues with what happens from now on.',
    tags,
    responses: { 200: answer('The subscription', webhookView), ...notFound },
  },
  disable: {
    operationId: 'disableWebhook',
    summary: 'Deliver nothing until it is enabled',
    description: 'Its checkpoint is kept for a week.',
    tags,
    responses: { 200: answer('The subscription', webhookView), ...notFound },
  },
}

/** The operations by what they do. @param eventTypes that can be subscribed to */
export function webhookOperations(eventTypes: readonly string[]) {
  const bodies = webhookBodies(eventTypes)
  return {
    ...fixedOperations,
    create: {
      operationId: 'createWebhook',
      summary: 'Subscribe to events from now on',
      description: 'Deliveries are signed as Standard Webhooks says; see docs/webhooks.md.',
      tags,
      requestBody: body(bodies.creation),
      responses: {
        201: answer('The subscription', webhookWithSecretView),
        ...notValid,
        409: problemAnswer('The limit of webhooks is reached'),
        ...unresolved,
      },
    },
    change: {
      operationId: 'changeWebhook',
      summary: 'Change the URL, the event types or the description',
      description: 'Fields that are left out stay. Events in the retry queue go to the new URL at once.',
      tags,
      requestBody: body(bodies.change),
      responses: { 200: answer('The subscription', webhookView), ...notValid, ...notFound, ...unresolved },
    },
  }
}

/** Those of the delivery log. */
export const deliveryOperations = {
  deliveries: {
    operationId: 'listWebhookDeliveries',
    summary: 'List delivery attempts',
    description: 'The delivery log of a subscription: each attempt, newest first.',
    tags,
    parameters: queryParameters(deliveryParameters),
    responses: { 200: pageOf(deliveryView), ...notValid, ...notFound },
  },
  delivery: {
    operationId: 'readWebhookDelivery',
    summary: 'Read a delivery attempt',
    description: 'An entry of the delivery log.',
    tags,
    responses: { 200: answer('The attempt', deliveryView), ...notFound },
  },
  redeliver: {
    operationId: 'redeliverWebhook',
    summary: 'Send an event again now, and return the answer',
    description: 'Also to a disabled webhook. It is not ordered with other deliveries.',
    tags,
    responses: {
      200: answer('The attempt; its outcome says whether it was delivered', deliveryView),
      404: problemAnswer('There is no such webhook or delivery, or the event is no longer in the log'),
    },
  },
}
