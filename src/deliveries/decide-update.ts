import { type Cause, nextVersion, type ShipmentChange } from './changes.ts'
import { newNumber, type NewNumber } from './decide-create.ts'
import { shipmentEvents } from './events.ts'
import { refuse, refuseState } from './refusal.ts'
import type { Shipment, TrackingNumber } from './shipment.ts'

/** What is new of a shipment. A time that is undefined stays; null removes it. */
export type Update = Readonly<{
  numbers?: readonly NewNumber[]
  carrier?: string | undefined
  promisedByMs?: number | null | undefined
  estimatedDeliveryAtMs?: number | null | undefined
}>

/** Tracking numbers of one shipment. */
const numbersMax = 100

/**
 * Adds tracking numbers, and says when the shipment is expected. Pure.
 *
 * @returns undefined when all of it is known already
 * @throws AppError SHIPMENT_STATE_REFUSED
 */
export function decideUpdate(shipment: Shipment, update: Update, cause: Cause): ShipmentChange | undefined {
  if (shipment.state === 'cancelled' || shipment.state === 'returned') refuseState(shipment, 'changed')
  const carrier = update.carrier ?? shipment.carrier
  const numbers = withNumbers(shipment, update.numbers ?? [], carrier, cause.nowMs)
  const timeOf = (given: number | null | undefined, before: number | undefined) =>
    given === undefined ? before : (given ?? undefined)
  const promisedByMs = timeOf(update.promisedByMs, shipment.promisedByMs)
  const estimatedDeliveryAtMs = timeOf(update.estimatedDeliveryAtMs, shipment.estimatedDeliveryAtMs)
  const isNew =
    numbers !== shipment.numbers ||
    carrier !== shipment.carrier ||
    promisedByMs !== shipment.promisedByMs ||
    estimatedDeliveryAtMs !== shipment.estimatedDeliveryAtMs
  if (!isNew) return undefined
  // A new promise can be broken again.
  const delayedAtMs = promisedByMs === shipment.promisedByMs ? shipment.delayedAtMs : undefined
  const changed = { numbers, carrier, promisedByMs, estimatedDeliveryAtMs, delayedAtMs }
  return nextVersion(shipment, changed, shipmentEvents.updated, cause)
}

/** The numbers with those that are new; the same list when none is. @throws AppError SHIPMENT_STATE_REFUSED */
export function withNumbers(
  { numbers }: Shipment,
  added: readonly NewNumber[],
  carrier: string | undefined,
  nowMs: number,
): readonly TrackingNumber[] {
  const known = new Set(numbers.map(({ number }) => number))
  const fresh = added.filter(({ number }) => !known.has(number)).map(number => newNumber(number, carrier, nowMs))
  if (fresh.length === 0) return numbers
  if (numbers.length + fresh.length > numbersMax)
    refuse('SHIPMENT_STATE_REFUSED', `a shipment has at most ${numbersMax} tracking numbers`)
  return [...numbers, ...fresh]
}
