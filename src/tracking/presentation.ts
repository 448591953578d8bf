import { type Checkpoint, instantOf } from './checkpoint.ts'
import { localText } from './local-time.ts'
import { inOrder } from './order.ts'
import type { Parcel } from './parcel.ts'
import { isTooOld } from './parcel-state.ts'
import type { IgnoredBecause, ShipmentCheckpoint, TrackedParcel } from './views.ts'

/** A parcel as anybody may see it. What lies in the future or is older than it is not shown. */
export function presentParcel(parcel: Parcel, checkpoints: readonly Checkpoint[]): TrackedParcel {
  const { state } = parcel
  const shown = checkpoints.filter(one => !one.isFuture && !isTooOld(one, parcel))
  return {
    ...{ tracking_number: parcel.number, carrier: parcel.carrier || null, status: state.status },
    ...{ reason: state.reason || null, returning: state.isReturning },
    estimated_delivery_at: timeOf(parcel.estimatedDeliveryAtMs),
    checkpoints: inOrder(shown).toReversed().map(presentCheckpoint),
  }
}

/**
 * The part of a place that anybody may see: city, region and country. A part with a digit is left out: a postal code is often the
 * recipient's, and a street has a number.
 */
export function cityOf(place: string): string | null {
  const parts = place.split(/[,;\n]/).map(part => part.trim())
  return parts.filter(part => part !== '' && !/\p{N}/u.test(part)).join(', ') || null
}

function presentCheckpoint(checkpoint: Checkpoint): TrackedParcel['checkpoints'][number] {
  return {
    ...{ status: checkpoint.status, reason: checkpoint.reason || null },
    ...{ occurred_local: localText(checkpoint.localMs), occurred_at: timeOf(instantOf(checkpoint)) },
    ...{ zone: checkpoint.zone, place: cityOf(checkpoint.place) },
    received_at: new Date(checkpoint.receivedAtMs).toISOString(),
  }
}

/** The checkpoints of a parcel for operators: all of them, the newest first, as the carrier gave them. */
export function presentAll(parcel: Parcel, checkpoints: readonly Checkpoint[]): ShipmentCheckpoint[] {
  return inOrder(checkpoints)
    .toReversed()
    .map(checkpoint => ({
      ...{ tracking_number: parcel.number, carrier: parcel.carrier || null, id: checkpoint.key },
      ...presentCheckpoint(checkpoint),
      ...{ place: checkpoint.place || null, code: checkpoint.code, text: checkpoint.text || null },
      ignored: ignoredBecause(checkpoint, parcel),
    }))
}

/** Why a checkpoint moves no parcel; null: it does. */
function ignoredBecause(checkpoint: Checkpoint, parcel: Parcel): IgnoredBecause | null {
  if (checkpoint.isFuture) return 'future'
  if (isTooOld(checkpoint, parcel)) return 'too_old'
  return checkpoint.status === 'unknown' ? 'unknown_code' : null
}

const timeOf = (atMs: number | undefined) => (atMs === undefined ? null : new Date(atMs).toISOString())
