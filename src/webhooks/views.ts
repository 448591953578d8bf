import { type Static, Type } from 'typebox'
import { extended, listOf, nullable, time } from '../platform/view.ts'
import { disabledReasons } from './webhook.ts'

/** Subscriptions and their deliveries as they are answered. */

const disabled = Type.Object(
  {
    reason: Type.Enum([...disabledReasons], {
      title: 'DisabledReason',
      description: 'gone: the receiver said 410; failing: nothing was delivered for too long',
    }),
    at: time(),
    place_kept_until: nullable(time(), { description: 'Enabled until then it misses nothing; null: it is over' }),
  },
  { title: 'WebhookDisabled', description: 'Why and since when nothing is delivered' },
)

export const webhookView = Type.Object(
  {
    id: Type.String(),
    url: Type.String({ format: 'uri' }),
    description: Type.String(),
    event_types: listOf(Type.String()),
    status: Type.Enum(['active', 'failing', 'waiting', 'disabled'], {
      title: 'WebhookStatus',
      description: 'waiting: its retry queue is full, and no more events are read for it',
    }),
    disabled: Type.Union([disabled, Type.Null()], { description: 'Null while it is enabled' }),
    failing_since: nullable(time(), { description: 'When the failures began; null after a success' }),
    parked: Type.Integer({ description: 'Events to be repeated, and those that wait behind them' }),
    behind_seconds: nullable(Type.Number(), { description: 'Age of the oldest event that was not sent yet' }),
    previous_secret_valid_until: nullable(time()),
    created_at: time(),
    updated_at: time(),
  },
  { title: 'Webhook', description: 'A subscription to events, delivered by HTTP' },
)

export const webhookWithSecretView = extended(
  webhookView,
  { secret: Type.String({ pattern: '^whsec_' }) },
  { title: 'WebhookWithSecret', description: 'A subscription with its secret, which is shown this once' },
)

export const deliveryOutcome = Type.Enum(['delivered', 'failed', 'given_up'], { title: 'DeliveryOutcome' })

export const deliveryView = Type.Object(
  {
    id: Type.String(),
    stream_type: Type.String(),
    stream_id: Type.String(),
    order_uid: Type.Optional(Type.String({ description: 'The order that the event concerns, where it concerns one' })),
    sequence: Type.Integer(),
    event_id: Type.String(),
    event_type: Type.String(),
    attempt: Type.Integer({ description: 'From 1; 0: asked for by redeliver' }),
    outcome: deliveryOutcome,
    status: nullable(Type.Integer(), { description: 'Of the answer; null when there was none' }),
    error: nullable(Type.String(), { description: 'Why there was no answer' }),
    answer: Type.String({ description: 'The first 1024 bytes of its body' }),
    duration_ms: Type.Integer(),
    attempted_at: time(),
  },
  { title: 'WebhookDelivery', description: 'An attempt to deliver an event, and what was answered' },
)

export type WebhookView = Static<typeof webhookView>
export type WebhookWithSecretView = Static<typeof webhookWithSecretView>
export type DeliveryView = Static<typeof deliveryView>
/** The result of an attempt: delivered; failed, and tried again; or failed for the last time. */
export type DeliveryOutcome = Static<typeof deliveryOutcome>
