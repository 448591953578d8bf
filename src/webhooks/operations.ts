import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { pageSizeMax } from '../platform/query.ts'
import { rotationBody, webhookBodies } from './bodies.ts'

/** What OpenAPI says of webhooks. */

const limit = {
  description: 'Entries on a page',
  schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
}
const cursor = { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } }

const outcome = { title: 'DeliveryOutcome', type: 'string', enum: ['delivered', 'failed', 'given_up'] }

export const listParameters = { limit, cursor }

export const deliveryParameters = {
  limit,
  cursor,
  order_uid: { description: 'Of events of this order', schema: { type: 'string' } },
  outcome: { description: 'Only these', schema: outcome },
}

const time = { type: 'string', format: 'date-time' }
const timeOrNull = { type: ['string', 'null'], format: 'date-time' }

const disabled = {
  title: 'WebhookDisabled',
  type: 'object',
  description: 'Why and since when nothing is delivered',
  required: ['reason', 'at', 'place_kept_until'],
  properties: {
    reason: {
      title: 'DisabledReason',
      type: 'string',
      enum: ['gone', 'failing', 'requested'],
      description: 'gone: the receiver said 410; failing: nothing was delivered for too long',
    },
    at: time,
    place_kept_until: { ...timeOrNull, description: 'Enabled until then it misses nothing; null: it is over' },
  },
}

const webhookFields = {
  id: { type: 'string' },
  url: { type: 'string', format: 'uri' },
  description: { type: 'string' },
  event_types: { type: 'array', items: { type: 'string' } },
  status: {
    title: 'WebhookStatus',
    type: 'string',
    enum: ['active', 'failing', 'waiting', 'disabled'],
    description: 'waiting: so many events are parked that no more are read for it',
  },
  disabled: { anyOf: [disabled, { type: 'null' }], description: 'Null while it is enabled' },
  failing_since: { ...timeOrNull, description: 'When the failures began that nothing was delivered since' },
  parked: { type: 'integer', description: 'Events to be repeated, and those that wait behind them' },
  behind_seconds: { type: ['number', 'null'], description: 'Age of the oldest event that was not sent yet' },
  previous_secret_valid_until: timeOrNull,
  created_at: time,
  updated_at: time,
}

const deliveryFields = {
  id: { type: 'string' },
  order_uid: { type: 'string' },
  sequence: { type: 'integer' },
  event_id: { type: 'string' },
  event_type: { type: 'string' },
  attempt: { type: 'integer', description: 'From 1; 0: asked for by redeliver' },
  outcome,
  status: { type: ['integer', 'null'], description: 'Of the answer; null when there was none' },
  error: { type: ['string', 'null'], description: 'Why there was no answer' },
  answer: { type: 'string', description: 'The first 1024 bytes of its body' },
  duration_ms: { type: 'integer' },
  attempted_at: time,
}

export const webhookSchemas = {
  Webhook: {
    title: 'Webhook',
    type: 'object',
    description: 'A subscription to events, delivered by HTTP',
    required: Object.keys(webhookFields),
    properties: webhookFields,
  },
  WebhookWithSecret: {
    title: 'WebhookWithSecret',
    type: 'object',
    description: 'A subscription with its secret, which is shown this once',
    required: [...Object.keys(webhookFields), 'secret'],
    properties: { ...webhookFields, secret: { type: 'string', pattern: '^whsec_' } },
  },
  WebhookDelivery: {
    title: 'WebhookDelivery',
    type: 'object',
    description: 'An attempt to deliver an event, and what was answered',
    required: Object.keys(deliveryFields),
    properties: deliveryFields,
  },
}

const ref = (name: keyof typeof webhookSchemas) => ({ $ref: `#/components/schemas/${name}` })
const listOf = (name: keyof typeof webhookSchemas) =>
  pageAnswer('A page, newest first; the Link header leads to the next one', ref(name))
const body = (schema: object) => ({ content: { 'application/json': { schema } } })

const tags = ['webhooks']
const notFound = { 404: problemAnswer('There is no such webhook') }
const notValid = { 400: problemAnswer('The body or a parameter is not valid; errors lists all that is wrong') }
const unresolved = { 503: problemAnswer('The name of the host cannot be resolved now') }

/** The operations by what they do. */
export function webhookOperations(eventTypes: readonly string[]) {
  const bodies = webhookBodies(eventTypes)
  return {
    create: {
      operationId: 'createWebhook',
      summary: 'Subscribe to events from now on',
      description: 'Deliveries are signed as Standard Webhooks says; see docs/webhooks.md.',
      tags,
      requestBody: body(bodies.creation),
      responses: {
        201: answer('The subscription', ref('WebhookWithSecret')),
        ...notValid,
        409: problemAnswer('There are as many webhooks as there may be'),
        ...unresolved,
      },
    },
    list: {
      operationId: 'listWebhooks',
      summary: 'List webhooks',
      description: 'Newest first, those that are disabled among them.',
      tags,
      parameters: queryParameters(listParameters),
      responses: { 200: listOf('Webhook'), ...notValid },
    },
    read: {
      operationId: 'readWebhook',
      summary: 'Read a webhook, and how its deliveries stand',
      description: 'Its secret is not shown again.',
      tags,
      responses: { 200: answer('The subscription', ref('Webhook')), ...notFound },
    },
    change: {
      operationId: 'changeWebhook',
      summary: 'Change the URL, the event types or the description',
      description: 'What is not given stays. What waits is sent to the new URL at once.',
      tags,
      requestBody: body(bodies.change),
      responses: { 200: answer('The subscription', ref('Webhook')), ...notValid, ...notFound, ...unresolved },
    },
    remove: {
      operationId: 'deleteWebhook',
      summary: 'Unsubscribe: with it go what waits and the delivery log',
      description: 'What is under way at that moment may still arrive.',
      tags,
      responses: { 204: { description: 'It is gone' }, ...notFound },
    },
    rotate: {
      operationId: 'rotateWebhookSecret',
      summary: 'Make a new secret; the one until now stays valid for a while',
      description: 'While both are valid, deliveries carry a signature of each.',
      tags,
      requestBody: body(rotationBody),
      responses: {
        200: answer('The subscription', ref('WebhookWithSecret')),
        ...notValid,
        ...notFound,
      },
    },
    enable: {
      operationId: 'enableWebhook',
      summary: 'Deliver again: from where it was, if its checkpoint is still kept',
      description: 'Where its checkpoint is no longer kept, it goes on with what happens from now on.',
      tags,
      responses: { 200: answer('The subscription', ref('Webhook')), ...notFound },
    },
    disable: {
      operationId: 'disableWebhook',
      summary: 'Deliver nothing until it is enabled',
      description: 'Its checkpoint is kept for a week.',
      tags,
      responses: { 200: answer('The subscription', ref('Webhook')), ...notFound },
    },
  }
}

/** Those of the delivery log. */
export const deliveryOperations = {
  deliveries: {
    operationId: 'listWebhookDeliveries',
    summary: 'List what was answered',
    description: 'The delivery log of a subscription: each attempt, newest first.',
    tags,
    parameters: queryParameters(deliveryParameters),
    responses: { 200: listOf('WebhookDelivery'), ...notValid, ...notFound },
  },
  delivery: {
    operationId: 'readWebhookDelivery',
    summary: 'Read what was answered once',
    description: 'An entry of the delivery log.',
    tags,
    responses: { 200: answer('The attempt', ref('WebhookDelivery')), ...notFound },
  },
  redeliver: {
    operationId: 'redeliverWebhook',
    summary: 'Send an event once more, now, and say what was answered',
    description: 'Also to a disabled webhook. It keeps no order with what else is delivered.',
    tags,
    responses: {
      200: answer('The attempt; its outcome says whether it was delivered', ref('WebhookDelivery')),
      404: problemAnswer('There is no such webhook or delivery, or the event is no longer in the log'),
    },
  },
}
