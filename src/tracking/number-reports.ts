import { type Checkpoint, erasedText, type Report } from './checkpoint.ts'
import { knownBy } from './list-digest.ts'
import { numbered } from './merge.ts'
import { afterReport, isSameState, meantParcel, newParcel, type Parcel, parcelKey } from './parcel.ts'
import type { ChangedParcel, OwnCheckpoint, ParcelShipment } from './rows.ts'
import type { ParcelChange } from './tracking-part.ts'

/** A report, and when and how it came. */
export type ReceivedReport = Readonly<{
  report: Report
  /** In milliseconds since 1970. */
  receivedAtMs: number
  /** W3C Trace Context. */
  traceparent: string | undefined
}>

/** A report with its checkpoints as `numbered` gives them. */
export type ListedReport = ReceivedReport & Readonly<{ list: readonly Checkpoint[] }>

/** Everything that is stored of a number. */
export type NumberState = Readonly<{
  parcels: readonly Parcel[]
  /** By number and carrier, where there are any. */
  checkpoints: ReadonlyMap<string, readonly Checkpoint[]>
  /** In the number's parcels. */
  shipments: readonly ParcelShipment[]
}>

export function listed(received: ReceivedReport): ListedReport {
  const { report, receivedAtMs, traceparent } = received
  return { report, receivedAtMs, traceparent, list: numbered(report.checkpoints, receivedAtMs) }
}

/**
 * The stored checkpoints of a parcel, if one of the reports about its number shows what they are. Pure.
 *
 * @returns undefined: they have to be read
 */
export function knownByReports(parcel: Parcel, reports: readonly ListedReport[]): readonly Checkpoint[] | undefined {
  // Of what came before the last change the stored times of arrival have to be known.
  if (parcel.checkpoints > 0 && reports.some(({ receivedAtMs }) => receivedAtMs < parcel.updatedAtMs)) return undefined
  for (const { list } of reports) {
    const known = knownBy(parcel, list)
    if (known !== undefined) return known
  }
  return undefined
}

/** What reports about a number come to. */
export type NumberChanges = Readonly<{
  created: readonly Parcel[]
  updated: readonly ChangedParcel[]
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
  reports: readonly ListedReport[],
  { parcels, checkpoints, shipments }: NumberState,
): NumberChanges {
  const open = parcels.map(parcel => openParcel(parcel, checkpoints.get(parcelKey(parcel)) ?? []))
  const news = reports.map((given): News => {
    const { report, receivedAtMs, traceparent } = given
    let one = meantParcel(open, report.carrier)
    if (one === undefined) {
      one = openParcel(newParcel(number, report.carrier, receivedAtMs), [], true)
      open.push(one)
    }
    const { parcel, checkpoints: all, added, changed } = afterReport(one.now, one.checkpoints, given)
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
  return { ...changesOf(number, open, shipments), told: open.flatMap(one => toldOf(one, shipments)), news }
}

function openParcel(parcel: Parcel, checkpoints: readonly Checkpoint[], isNew = false): Open {
  const before = isNew ? undefined : parcel
  const { carrier } = parcel
  return { carrier, before, now: parcel, checkpoints, added: new Map(), changed: new Map(), traceparent: undefined }
}

function changesOf(
  number: string,
  open: readonly Open[],
  shipments: readonly ParcelShipment[],
): Omit<NumberChanges, 'told' | 'news'> {
  const own = (of: (one: Open) => ReadonlyMap<string, Checkpoint>) =>
    open.flatMap(one => [...of(one).values()].map(checkpoint => ({ number, carrier: one.carrier, checkpoint })))
  return {
    created: open.flatMap(({ before, now }) => (before === undefined ? [now] : [])),
    updated: open.flatMap(({ before, now }) => {
      return before === undefined || before === now ? [] : [{ before, after: now }]
    }),
    added: own(({ added }) => added).map(one => (isErased(one, shipments) ? withoutWords(one) : one)),
    changed: own(({ changed }) => changed),
  }
}

/** Whether the recipient of an order in a parcel was erased. */
function isErased({ number, carrier }: OwnCheckpoint, shipments: readonly ParcelShipment[]): boolean {
  return shipments.some(one => one.isErased && one.number === number && one.carrier === carrier)
}

function withoutWords(one: OwnCheckpoint): OwnCheckpoint {
  const { checkpoint } = one
  return checkpoint.text === '' ? one : { ...one, checkpoint: { ...checkpoint, text: erasedText } }
}

/**
 * What is told of a parcel whose state has changed, once for each of its shipments.
 *
 * @param shipments in the number's parcels
 */
export function toldOf(
  { before, now, traceparent }: Pick<Open, 'before' | 'now' | 'traceparent'>,
  shipments: readonly ParcelShipment[],
): ParcelChange[] {
  if (before === undefined || isSameState(before.state, now.state)) return []
  return shipments
    .filter(({ carrier }) => carrier === now.carrier)
    .map(({ orderUid, shipmentId, number, carrier }) => ({
      ...{ orderUid, shipmentId, number, carrier, before: before.state, after: now.state, traceparent },
    }))
}
