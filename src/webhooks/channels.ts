import { Type } from 'typebox'
import { envelope } from '../events/channels.ts'
import type { EventDefinition } from '../events/definition.ts'
import type { Channel, Message } from '../platform/asyncapi.ts'

/** The way that events go out to webhooks, for the AsyncAPI document. */

/** The headers of a delivery, after the Standard Webhooks specification. */
const headers = Type.Object({
  'webhook-id': Type.String({ description: 'The identity of the event: the same when it comes twice' }),
  'webhook-timestamp': Type.String({ pattern: '^[0-9]+$', description: 'When it was sent, in seconds since 1970' }),
  'webhook-signature': Type.String({
    description: 'v1, and an HMAC-SHA256 in base64; one for each secret that is valid, with spaces between',
  }),
  'user-agent': Type.String({ description: 'shopping-cart-webhooks/ and the version of the service, with a link' }),
  traceparent: Type.Optional(
    Type.String({ description: 'Of the request or message behind the event (W3C Trace Context), where it had one' }),
  ),
})

const headersExample = {
  'webhook-id': '4711',
  'webhook-timestamp': '1768478400',
  'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  'user-agent': 'shopping-cart-webhooks/0.1.0 (+https://www.standardwebhooks.com)',
}

function delivery(definition: EventDefinition): Message {
  const message = envelope(definition)
  const examples = message.examples.map(example => ({ ...example, headers: headersExample }))
  return { ...message, name: `webhook.${message.name}`, headers, examples }
}

export function webhookChannel(definitions: readonly EventDefinition[]): Channel {
  return {
    name: 'webhooks',
    address: undefined,
    server: 'receiver',
    action: 'send',
    method: 'POST',
    title: 'Events to the receivers of webhooks',
    description:
      'To the URL of each webhook, the types that it asked for, at least once: tell those that come twice by webhook-id. ' +
      'Signed after Standard Webhooks; any status of success takes the event.',
    messages: definitions.map(delivery),
  }
}
