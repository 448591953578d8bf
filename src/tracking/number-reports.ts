import type { Checkpoint, Report } from './checkpoint.ts'
import { afterReport, isSameState, meantParcel, newParcel, type Parcel, parcelKey } from './parcel.ts'
import type { OwnCheckpoint, ParcelShipment } from './rows.ts'
import type { ParcelChange } from './tracking-part.ts'

/** A report, and when and how it came. */
export type ReceivedReport = Readonly<{
  report: Report
  /** In milliseconds since 1970. */
  receivedAtMs: number
  /** W3C Trace Context. */
  traceparent: string | undefined
}>

/** Everything that is stored of a number. */
export type NumberState = Readonly<{
  parcels: readonly Parcel[]
  /** By number and carrier. */
  checkpoints: ReadonlyMap<string, readonly Checkpoint[]>
  shipments: readonly ParcelShipment[]
}>

/** What reports about a number come to. */
export type NumberChanges = Readonly<{
  created: readonly Parcel[]
  updated: readonly Parcel[]
  added: readonly OwnCheckpoint[]
  changed: readonly OwnCheckpoint[]
  /** What is told to other modules. */
  told: readonly ParcelChange[]
  /** Of each report. */
  news: readonly News[]
}>

/** What of a report was new: how many checkpoints, and how many of them have a code that no table knows. */
export type News = Readonly<{ carrier: string; checkpoints: number; unknownCodes: number }>

/** A parcel while reports about its number are handled. */
type Open = {
  readonly carrier: string
  readonly before: Parcel | undefined
  now: Parcel
  checkpoints: readonly Checkpoint[]
  readonly added: Map<string, Checkpoint>
  readonly changed: Map<string, Checkpoint>
  traceparent: string | undefined
}

/** Decides on reports about one number, one after another. Pure. */
export function decideReports(
  number: string,
  reports: readonly ReceivedReport[],
  { parcels, checkpoints, shipments }: NumberState,
): NumberChanges {
  const open = parcels.map(parcel => openParcel(parcel, checkpoints.get(parcelKey(parcel)) ?? []))
  const news = reports.map(({ report, receivedAtMs, traceparent }): News => {
    let one = meantParcel(open, report.carrier)
    if (one === undefined) {
      one = openParcel(newParcel(number, report.carrier, receivedAtMs), [], true)
      open.push(one)
    }
    const { parcel, checkpoints: all, added, changed } = afterReport(one.now, one.checkpoints, report, receivedAtMs)
    for (const checkpoint of added) one.added.set(checkpoint.key, checkpoint)
    for (const checkpoint of changed)
      (one.added.has(checkpoint.key) ? one.added : one.changed).set(checkpoint.key, checkpoint)
    if (parcel !== one.now) one.traceparent = traceparent ?? one.traceparent
    one.now = parcel
    one.checkpoints = all
    // One with a reason is known, and says nothing of where the parcel is.
    const unknownCodes = added.filter(({ status, reason }) => status === 'unknown' && reason === '').length
    return { carrier: report.carrier || one.carrier, checkpoints: added.length, unknownCodes }
  })
  return { ...changesOf(number, open), told: open.flatMap(one => toldOf(one, shipments)), news }
}

function openParcel(parcel: Parcel, checkpoints: readonly Checkpoint[], isNew = false): Open {
  return {
    ...{ carrier: parcel.carrier, before: isNew ? undefined : parcel, now: parcel, checkpoints },
    ...{ added: new Map(), changed: new Map(), traceparent: undefined },
  }
}

function changesOf(number: string, open: readonly Open[]): Omit<NumberChanges, 'told' | 'news'> {
  const own = (of: (one: Open) => ReadonlyMap<string, Checkpoint>) =>
    open.flatMap(one => [...of(one).values()].map(checkpoint => ({ number, carrier: one.carrier, checkpoint })))
  return {
    created: open.flatMap(({ before, now }) => (before === undefined ? [now] : [])),
    updated: open.flatMap(({ before, now }) => (before === undefined || before === now ? [] : [now])),
    added: own(({ added }) => added),
    changed: own(({ changed }) => changed),
  }
}

/** What is told of a parcel whose state has changed, once for each of its shipments. */
export function toldOf(
  { before, now, traceparent }: Pick<Open, 'before' | 'now' | 'traceparent'>,
  shipments: readonly ParcelShipment[],
): ParcelChange[] {
  if (before === undefined || isSameState(before.state, now.state)) return []
  return shipments
    .filter(shipment => shipment.number === now.number && shipment.carrier === now.carrier)
    .map(({ orderUid, shipmentId, number, carrier }) => ({
      ...{ orderUid, shipmentId, number, carrier, before: before.state, after: now.state, traceparent },
    }))
}
