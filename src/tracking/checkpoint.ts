import { hash } from 'node:crypto'
import { type LocalTime, readOffset } from './local-time.ts'
import type { TrackingStatus } from './tracking-status.ts'

/**
 * Whether the instant of a checkpoint is known: its offset stands in the report (`known`), or the report says UTC and cannot be believed
 * (`assumed`), or says nothing (`unknown`). Only a known one has an instant.
 */
export const zoneKinds = ['known', 'assumed', 'unknown'] as const
export type ZoneKind = (typeof zoneKinds)[number]

/** What a carrier says of a parcel at one time and place. */
export type ReportedCheckpoint = Readonly<{
  /** The carrier's own id of it; '' when it has none. */
  id: string
  /** The carrier's code, as it is. */
  code: string
  /** `unknown` for a code that no table has. */
  status: TrackingStatus
  /** `carrier_…`, `customs_…`, `consignee_…` or `weather_…`; '' when nothing is said. */
  reason: string
  /** By the clock of the place, as in `LocalTime`. */
  localMs: number
  zone: ZoneKind
  /** Minutes east of Greenwich; undefined unless the zone is known. */
  offsetMinutes: number | undefined
  /** Where; '' when it is not said. */
  place: string
  /** The carrier's words, which may name people. */
  text: string
}>

/** What stands in place of a carrier's words that were erased: their checkpoint keeps the key that was made of them. */
export const erasedText = '(erased)'

/** A report: what a carrier says of one parcel, usually the whole list again and again. */
export type Report = Readonly<{
  /** As people compare them: upper case, without spaces, dots and hyphens. */
  number: string
  /** Lower case; '' when the report does not say. */
  carrier: string
  /** In the order of the report. */
  checkpoints: readonly ReportedCheckpoint[]
  /** In milliseconds since 1970; undefined when the report says nothing or gives a day without a zone. */
  estimatedDeliveryAtMs: number | undefined
}>

/** A checkpoint of a parcel, as it is kept. */
export type Checkpoint = ReportedCheckpoint &
  Readonly<{
    /** The same for the same checkpoint of a parcel, however often it is reported. */
    key: string
    /** When it first came, in milliseconds since 1970. */
    receivedAtMs: number
    /**
     * Where it stood in the longest list, counted from the oldest, so that it stays when the list grows; undefined when it has only come by
     * itself, which says nothing of the order.
     */
    position: number | undefined
    /** It lay more than a day ahead each time it came: a plan, or a wrong clock. */
    isFuture: boolean
  }>

/** A number as it is compared: upper case, without spaces, dots and hyphens. */
export function normalizeNumber(number: string): string {
  return number.replaceAll(/[\s.-]/g, '').toUpperCase()
}

/** A carrier as it is compared: lower case letters, digits and underscores. */
export function normalizeCarrier(carrier: string): string {
  return carrier
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
    .slice(0, 64)
}

/** What a number may look like, once it is normalized. */
export const numberForm = /^[0-9A-Z_]{1,64}$/

/** The key of a checkpoint within its parcel: the carrier's id, else code, local time, place and text. */
export function keyOf({
  id,
  code,
  localMs,
  place,
  text,
}: Pick<ReportedCheckpoint, 'id' | 'code' | 'localMs' | 'place' | 'text'>): string {
  const content = id === '' ? `content\0${code}\0${localMs}\0${place}\0${text}` : `id\0${id}`
  return hash('sha256', content, 'base64url').slice(0, 22)
}

/** The instant of a checkpoint in milliseconds since 1970; undefined when its zone is not known. */
export function instantOf({
  localMs,
  offsetMinutes,
}: Pick<Checkpoint, 'localMs' | 'offsetMinutes'>): number | undefined {
  return offsetMinutes === undefined ? undefined : localMs - offsetMinutes * 60_000
}

/**
 * The zone of a time in a report.
 *
 * @param offset an offset that stands beside the time, such as `-05:00`; '' for none
 * @param believesZ whether a bare `Z` is an offset: not from aggregators, of whom one puts it behind local times
 */
export function zoneOf(
  time: LocalTime,
  { offset = '', believesZ = false }: { offset?: string; believesZ?: boolean } = {},
): Pick<ReportedCheckpoint, 'zone' | 'offsetMinutes'> {
  const offsetMinutes = time.offsetMinutes ?? readOffset(offset) ?? (time.hasZ && believesZ ? 0 : undefined)
  if (offsetMinutes !== undefined) return { zone: 'known', offsetMinutes }
  return { zone: time.hasZ ? 'assumed' : 'unknown', offsetMinutes }
}
