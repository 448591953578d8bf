import type { Checkpoint, Report } from './checkpoint.ts'
import { digestOf } from './list-digest.ts'
import { type Merged, merge } from './merge.ts'
import { type ParcelFacts, stateOf, stateOfNothing } from './parcel-state.ts'
import type { ParcelState } from './tracking-part.ts'
import type { TrackingStatus } from './tracking-status.ts'

/** A parcel as it is stored. Times are in milliseconds since 1970. */
export type Parcel = ParcelFacts &
  Readonly<{
    number: string
    carrier: string
    state: ParcelState
    /** How many checkpoints it has. */
    checkpoints: number
    /** Since when news are awaited, less than a day before the last that came; undefined: they are not. */
    waitingSinceMs: number | undefined
    /** When it was noticed that no news come. */
    silentAtMs: number | undefined
    /** Of its checkpoints, see `digestOf`; undefined where they are no list, or nobody has made one. */
    listDigest: string | undefined
    createdAtMs: number
    updatedAtMs: number
  }>

/** What a parcel is found by in maps. */
export const parcelKey = ({ number, carrier }: { number: string; carrier: string }) => `${number} ${carrier}`

/** A parcel of which nothing is known but its number. */
export function newParcel(number: string, carrier: string, nowMs: number): Parcel {
  return {
    ...{ number, carrier, state: stateOfNothing, checkpoints: 0 },
    ...{
      shippedSinceMs: undefined,
      estimatedDeliveryAtMs: undefined,
      waitingSinceMs: undefined,
      silentAtMs: undefined,
      listDigest: undefined,
    },
    ...{ createdAtMs: nowMs, updatedAtMs: nowMs },
  }
}

/** After these nothing more is expected of a carrier. */
const final: readonly TrackingStatus[] = ['delivered', 'cancelled']

/** Whether news are expected of a parcel in a status. */
export const isAwaited = (status: TrackingStatus) => !final.includes(status)

/** A parcel as its checkpoints and shipments say. @param newsAtMs when something new of it came */
function settled(parcel: Parcel, checkpoints: readonly Checkpoint[], newsAtMs: number): Parcel {
  const state = stateOf(checkpoints, parcel)
  const isWaiting = parcel.shippedSinceMs !== undefined && isAwaited(state.status)
  // The clock of another instance may be ahead.
  const updatedAtMs = Math.max(newsAtMs, parcel.updatedAtMs)
  return {
    ...parcel,
    state,
    checkpoints: checkpoints.length,
    waitingSinceMs: isWaiting ? waitingSince(parcel.waitingSinceMs, updatedAtMs) : undefined,
    silentAtMs: undefined,
    listDigest: digestOf(checkpoints, updatedAtMs),
    updatedAtMs,
  }
}

const dayMs = 86_400_000

/** News of the same day leave it as it is: an index has it, which need not follow every report then. */
function waitingSince(beforeMs: number | undefined, newsAtMs: number): number {
  return beforeMs !== undefined && newsAtMs - beforeMs < dayMs ? beforeMs : newsAtMs
}

export type Reported = Merged & Readonly<{ parcel: Parcel }>

/**
 * A parcel after a report; the same parcel when the report says nothing new. Pure.
 *
 * @param known all checkpoints of the parcel
 * @param list those of the report, as `numbered` gives them
 */
export function afterReport(
  before: Parcel,
  known: readonly Checkpoint[],
  { report, list, receivedAtMs }: Readonly<{ report: Report; list: readonly Checkpoint[]; receivedAtMs: number }>,
): Reported {
  const merged = merge(known, list)
  const estimatedDeliveryAtMs = report.estimatedDeliveryAtMs ?? before.estimatedDeliveryAtMs
  const isNews = merged.added.length > 0 || merged.changed.length > 0
  if (!isNews && estimatedDeliveryAtMs === before.estimatedDeliveryAtMs) return { ...merged, parcel: before }
  return { ...merged, parcel: settled({ ...before, estimatedDeliveryAtMs }, merged.checkpoints, receivedAtMs) }
}

/** A parcel that a shipment is in. @param shippedSinceMs when the shipment was created */
export function afterAttaching(
  before: Parcel,
  known: readonly Checkpoint[],
  shippedSinceMs: number,
  nowMs: number,
): Parcel {
  const since = Math.min(before.shippedSinceMs ?? shippedSinceMs, shippedSinceMs)
  return settled({ ...before, shippedSinceMs: since }, known, nowMs)
}

/** A parcel that has been without news for too long. */
export function afterSilence(before: Parcel, nowMs: number): Parcel {
  const state: ParcelState = { ...before.state, status: 'expired', reason: 'carrier_silent' }
  return {
    ...{ ...before, state, waitingSinceMs: undefined, silentAtMs: nowMs },
    ...{ listDigest: undefined, updatedAtMs: Math.max(nowMs, before.updatedAtMs) },
  }
}

/** Whether two states are told apart. */
export function isSameState(one: ParcelState, other: ParcelState): boolean {
  return (
    one.status === other.status &&
    one.reason === other.reason &&
    one.isReturning === other.isReturning &&
    one.occurredLocal === other.occurredLocal &&
    one.occurredAtMs === other.occurredAtMs &&
    one.place === other.place &&
    one.estimatedDeliveryAtMs === other.estimatedDeliveryAtMs
  )
}

/**
 * The parcel that a report or a shipment means. Carriers and shops name a carrier differently or not at all, so the name decides only
 * between parcels of one number.
 *
 * @param parcels those of the number
 * @returns undefined: it is a new one
 */
export function meantParcel<One extends { carrier: string }>(
  parcels: readonly One[],
  carrier: string,
): One | undefined {
  const exact = parcels.find(one => one.carrier === carrier)
  if (exact !== undefined) return exact
  if (carrier !== '') return parcels.find(one => one.carrier === '')
  return parcels.length === 1 ? parcels[0] : undefined
}
