import { type Static, Type } from 'typebox'
import { extended, listOf, nullable, time, wordOrNull } from '../platform/view.ts'
import { zoneKinds } from './checkpoint.ts'
import { trackingStatuses } from './tracking-status.ts'

/** Parcels as anybody may see them who has their number: no names, no words of carriers, which may name people, and no order. */

export const trackingStatus = Type.Enum([...trackingStatuses], { title: 'TrackingStatus' })

const localTime = (description: string) => ({
  description,
  examples: ['2026-11-28T09:30:00'],
})

const trackedCheckpoint = Type.Object(
  {
    status: trackingStatus,
    reason: nullable(Type.String(), { description: 'carrier_…, customs_…, consignee_… or weather_…' }),
    occurred_local: Type.String(localTime('When, by the clock of the place')),
    occurred_at: nullable(Type.String({ format: 'date-time' }), {
      description: 'The instant; null when the zone of that clock is not known',
    }),
    zone: Type.Enum([...zoneKinds], {
      title: 'TrackingZone',
      description: 'Whether that zone is known, said and not to be believed (assumed), or unknown',
    }),
    place: nullable(Type.String(), { description: 'City, region and country; nothing with digits' }),
    received_at: time({ description: 'When the carrier told of it' }),
  },
  { title: 'TrackedCheckpoint' },
)

export const trackedParcel = Type.Object(
  {
    tracking_number: Type.String(),
    carrier: nullable(Type.String()),
    status: trackingStatus,
    reason: nullable(Type.String(), { description: 'Why, where the carrier says so' }),
    returning: Type.Boolean({ description: 'It is on its way back, or was delivered to its sender' }),
    estimated_delivery_at: nullable(Type.String({ format: 'date-time' }), {
      description: 'When the carrier expects to deliver it',
    }),
    checkpoints: listOf(trackedCheckpoint, { description: 'The newest first' }),
  },
  { title: 'TrackedParcel', description: 'What carriers have said of a parcel' },
)
export type TrackedParcel = Static<typeof trackedParcel>

/** Why a checkpoint is kept and moves nothing. */
const ignoredReasons = ['future', 'too_old', 'unknown_code'] as const
export type IgnoredBecause = (typeof ignoredReasons)[number]

/** A checkpoint as operators see it. */
export const shipmentCheckpoint = extended(
  trackedCheckpoint,
  {
    tracking_number: Type.String({
      description: 'As numbers are compared: upper case, without spaces, dots and hyphens',
    }),
    carrier: nullable(Type.String()),
    id: Type.String({ description: 'The same however often it is reported; unique within the number and carrier' }),
    code: Type.String({ description: "The carrier's, as it is" }),
    place: nullable(Type.String(), { description: 'As the carrier gives it' }),
    text: nullable(Type.String(), { description: "The carrier's words, which may name people" }),
    ignored: wordOrNull(ignoredReasons, 'Why it is kept and moves nothing; null: it moves the parcel'),
  },
  { title: 'ShipmentCheckpoint', description: 'What a carrier has said of a parcel of a shipment' },
)
export type ShipmentCheckpoint = Static<typeof shipmentCheckpoint>
