/** What changes the stock of an item at a location. */

export const movementKinds = [
  'received',
  'returned',
  'adjusted',
  'transferred',
  'written_off',
  'quarantined',
  'unquarantined',
  'reserved',
  'released',
  'shipped',
] as const
export type MovementKind = (typeof movementKinds)[number]

/** What people and other systems record; the others come with orders. */
export const recordedKinds = [
  'received',
  'returned',
  'adjusted',
  'transferred',
  'written_off',
  'quarantined',
  'unquarantined',
] as const satisfies readonly MovementKind[]
export type RecordedKind = (typeof recordedKinds)[number]

/** What is added to the numbers of a stock. */
export type StockChange = Readonly<{ onHand: number; reserved: number; unavailable: number }>

export type Movement = Readonly<{
  chrtId: number
  location: string
  kind: MovementKind
  /** Units: above 0, and for `adjusted` and `transferred` below 0 where they leave. */
  quantity: number
  change: StockChange
  /** Why and who; '' for nothing said. */
  reason: string
  actor: string
  orderUid?: string | undefined
  shipmentId?: string | undefined
  /** What the sender calls it: it is recorded once for an item. */
  externalId?: string | undefined
  /** As of when `on_hand` is what the movement leaves: of a count, when it was counted. When it is recorded, unless given. */
  asOfMs?: number | undefined
}>

/**
 * What a movement adds to the numbers.
 *
 * @param quantity as in `Movement`
 * @param options inQuarantine: the units arrive in quarantine, or are written off from there; isReserved: what is shipped was reserved;
 *   isReservedAgain: what is returned is reserved for its order, as it was before it was shipped
 */
export function changeOf(
  kind: MovementKind,
  quantity: number,
  {
    inQuarantine = false,
    isReserved = true,
    isReservedAgain = false,
  }: { inQuarantine?: boolean; isReserved?: boolean; isReservedAgain?: boolean } = {},
): StockChange {
  switch (kind) {
    case 'received':
      return { onHand: quantity, reserved: 0, unavailable: inQuarantine ? quantity : 0 }
    case 'returned':
      return { onHand: quantity, reserved: isReservedAgain ? quantity : 0, unavailable: inQuarantine ? quantity : 0 }
    case 'adjusted':
    case 'transferred':
      return { onHand: quantity, reserved: 0, unavailable: 0 }
    case 'written_off':
      return { onHand: -quantity, reserved: 0, unavailable: inQuarantine ? -quantity : 0 }
    case 'quarantined':
      return { onHand: 0, reserved: 0, unavailable: quantity }
    case 'unquarantined':
      return { onHand: 0, reserved: 0, unavailable: -quantity }
    case 'reserved':
      return { onHand: 0, reserved: quantity, unavailable: 0 }
    case 'released':
      return { onHand: 0, reserved: -quantity, unavailable: 0 }
    case 'shipped':
      return { onHand: -quantity, reserved: isReserved ? -quantity : 0, unavailable: 0 }
  }
}
