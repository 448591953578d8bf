import { normalizeNumber, numberForm } from '../tracking/checkpoint.ts'
import type { Attachment } from '../tracking/attach.ts'
import type { ShipmentChange } from './changes.ts'

/**
 * The numbers that changes have added to shipments: their parcels are followed from then on. One that no carrier can have, as a sender of
 * orders may make one up, is followed by nobody.
 */
export function attachmentsOf(changes: readonly ShipmentChange[]): Attachment[] {
  return changes.flatMap(({ before, after }) => {
    const known = new Set(before?.numbers.map(({ number }) => number))
    const { orderUid, shipmentId, createdAtMs: shippedSinceMs } = after
    return after.numbers
      .filter(({ number }) => !known.has(number) && numberForm.test(normalizeNumber(number)))
      .map(({ number, carrier = '' }) => ({ orderUid, shipmentId, number, carrier, shippedSinceMs }))
  })
}
