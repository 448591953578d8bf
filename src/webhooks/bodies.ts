import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Violation } from '../errors.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody, withoutNul } from '../platform/json.ts'
import { urlFault } from './targets.ts'
import { eventPatterns, previousSecretSeconds } from './webhook.ts'

/** What callers send. */

const bodySizeBytesMax = 16 * 1024
const expected = 'must be a JSON object'

/** The bodies of subscriptions, made for the event types that there are. */
export function webhookBodies(eventTypes: readonly string[]) {
  const patterns = eventPatterns(eventTypes)
  const fields = {
    url: Type.String({ format: 'uri', description: 'Where events are sent to: https:// or http://' }),
    description: Type.String({ maxLength: 200, pattern: withoutNul, description: 'For people' }),
    event_types: Type.Array(Type.Enum(patterns, { title: 'EventPattern' }), {
      minItems: 1,
      maxItems: patterns.length,
      uniqueItems: true,
      description: 'Which events: types, families such as order.*, or * for all',
    }),
  }
  const optional = { description: Type.Optional(fields.description), event_types: Type.Optional(fields.event_types) }
  return {
    creation: Type.Object({ url: fields.url, ...optional }, { title: 'NewWebhook', additionalProperties: false }),
    change: Type.Object(
      { url: Type.Optional(fields.url), ...optional },
      { title: 'WebhookChange', additionalProperties: false },
    ),
  }
}

export const rotationBody = Type.Object(
  {
    previous_valid_for_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: previousSecretSeconds.max,
        default: previousSecretSeconds.default,
        description: 'How long the secret until now stays valid beside the new one',
      }),
    ),
  },
  { title: 'SecretRotation', additionalProperties: false },
)

const rotation = Compile(rotationBody)

type Bodies = ReturnType<typeof webhookBodies>

export type BodyReader = {
  creation(request: HttpRequest): Promise<Static<Bodies['creation']>>
  change(request: HttpRequest): Promise<Static<Bodies['change']>>
  rotation(request: HttpRequest): Promise<Static<typeof rotationBody>>
}

/** Readers of the bodies. They throw AppError REQUEST_INVALID with every violation. */
export function createBodyReader(eventTypes: readonly string[]): BodyReader {
  const bodies = webhookBodies(eventTypes)
  const creation = Compile(bodies.creation)
  const change = Compile(bodies.change)
  const bounds = { sizeBytesMax: bodySizeBytesMax, expected }
  return {
    creation: request => readJsonBody(request, creation, { ...bounds, check: checkUrl }),
    change: request => readJsonBody(request, change, { ...bounds, check: checkUrl }),
    rotation: request => readJsonBody(request, rotation, { ...bounds, absent: {} }),
  }
}

/** What no schema can say of a URL. */
function checkUrl(value: unknown): Violation[] {
  if (typeof value !== 'object' || value === null || !('url' in value) || typeof value.url !== 'string') return []
  const fault = urlFault(value.url)
  return fault === undefined ? [] : [{ pointer: '/url', detail: `must ${fault}` }]
}
