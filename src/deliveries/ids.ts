import { createHash, randomBytes } from 'node:crypto'
import type { Claim } from '../platform/idempotency/queries.ts'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** The form of a shipment's id: `shp_` and 24 characters, 120 bits. */
export const shipmentIdForm = /^shp_[a-z2-7]{24}$/

/** The id of a new shipment. @param claim of its request's Idempotency-Key: a repetition makes the same id */
export function newShipmentId(claim?: Claim): string {
  if (claim === undefined) return withPrefix(randomBytes(24))
  const { scope, key, fingerprint } = claim
  return withPrefix(createHash('sha256').update(scope).update(fingerprint).update(key).digest())
}

/** The id of the shipment that is planned for a tracking number of an order. */
export function plannedShipmentId(orderUid: string, trackNumber: string): string {
  return withPrefix(
    createHash('sha256')
      .update(JSON.stringify([orderUid, trackNumber]))
      .digest(),
  )
}

function withPrefix(bytes: Uint8Array): string {
  let id = 'shp_'
  for (const byte of bytes.subarray(0, 24)) id += alphabet.charAt(byte & 31)
  return id
}
