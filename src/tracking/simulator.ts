import type { Report } from './checkpoint.ts'
import type { TrackingStatus } from './tracking-status.ts'

/** A carrier for demonstrations: a parcel goes a step further each time it is asked to. Nothing is sent anywhere. */

export const simulatorName = 'simulator'

type Step = Readonly<{ status: TrackingStatus; place: string; text: string }>

const steps: readonly Step[] = [
  { status: 'pre_transit', place: 'Lyon', text: 'The label was made' },
  { status: 'picked_up', place: 'Lyon', text: 'Handed over' },
  { status: 'in_transit', place: 'Dijon', text: 'On its way' },
  { status: 'out_for_delivery', place: 'Köln', text: 'In the van' },
  { status: 'delivered', place: 'Köln', text: 'Delivered' },
]

/** The step that follows a status; undefined behind the last. What is not on the usual way is followed by the van, or the way back. */
function stepAfter(status: TrackingStatus, isReturning: boolean): Step | undefined {
  if (status === 'delivered' || status === 'cancelled') return undefined
  const index = steps.findIndex(step => step.status === status)
  if (index >= 0) return steps[index + 1]
  if (status === 'unknown') return steps[0]
  return isReturning ? { status: 'delivered', place: 'Lyon', text: 'Back at the sender' } : steps[3]
}

/**
 * The report of a parcel's next step. Pure.
 *
 * @param before the state of the parcel
 * @param wanted the status that it is to have; undefined: the next on the usual way
 * @param nowMs milliseconds since 1970
 * @returns undefined behind the last step
 */
export function nextReport(
  number: string,
  before: Readonly<{ status: TrackingStatus; isReturning: boolean }>,
  wanted: TrackingStatus | undefined,
  nowMs: number,
): Report | undefined {
  const usual = steps.find(step => step.status === wanted) ?? { place: 'Köln', text: 'As asked for' }
  const step = wanted === undefined ? stepAfter(before.status, before.isReturning) : { ...usual, status: wanted }
  if (step === undefined) return undefined
  const checkpoint = {
    ...{ id: '', code: step.status, status: step.status, reason: '', place: step.place, text: step.text },
    ...({ localMs: nowMs, zone: 'known', offsetMinutes: 0 } as const),
  }
  return { number, carrier: simulatorName, checkpoints: [checkpoint], estimatedDeliveryAtMs: undefined }
}
