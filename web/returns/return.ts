import type { ShipmentView } from '../../src/deliveries/views.ts'
import type { ReturnAction, ReturnState, UnitCondition } from '../../src/returns/return.ts'
import type { ReturnView } from '../../src/returns/views.ts'

export type Return = ReturnView
/** The shipments that units have left with. */
export type Shipment = ShipmentView
export type { ReturnAction, ReturnState, UnitCondition }

/** The states of returns, in the order in which they are offered as a filter: what waits for somebody first. */
export const states = [
  'requested',
  'approved',
  'received',
  'refunded',
  'rejected',
  'cancelled',
] as const satisfies readonly ReturnState[]

export const conditions = ['restock', 'damaged', 'missing'] as const satisfies readonly UnitCondition[]

export const tones: Record<ReturnState, string> = {
  requested: 'waiting',
  approved: 'active',
  received: 'attention',
  refunded: 'good',
  rejected: 'plain',
  cancelled: 'plain',
}

/** The units that have left with a shipment, and are in no return that is under way or done. */
export function returnableUnits(
  shipments: readonly Shipment[],
  returns: readonly Return[],
): Shipment['units'][number][] {
  const back = new Set(
    returns
      .filter(({ state }) => state !== 'rejected' && state !== 'cancelled')
      .flatMap(({ units }) => units.filter(({ condition }) => condition !== 'missing').map(({ line }) => line)),
  )
  return shipments
    .filter(({ state }) => state === 'shipped' || state === 'delivered')
    .flatMap(({ units }) => units.filter(({ line, returned_at: at }) => at === null && !back.has(line)))
}

/** The units that can still come in: those that have not, and those that were missed. */
export function expectedUnits({ units }: Return): Return['units'] {
  return units.filter(({ condition }) => condition === null || condition === 'missing')
}
