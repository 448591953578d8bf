import type { RecordedKind } from './movement.ts'

/** What people and other systems record about stock. */

export type MovementEntry = Readonly<{
  type: 'movement'
  chrtId: number
  location: string
  /** Where the units go, of a transfer. */
  toLocation?: string | undefined
  kind: RecordedKind
  /** Units: above 0, and for `adjusted` also below. */
  quantity: number
  /** Whether the units arrive in quarantine, or are written off from there. */
  inQuarantine: boolean
}> &
  Remarks

export type CountEntry = Readonly<{
  type: 'count'
  chrtId: number
  location: string
  /** How many units are there, reserved ones and those in quarantine included. */
  counted: number
  /** What `on_hand` must be for the count to be applied; undefined: anything. */
  expected: number | undefined
  /** When it was counted. */
  asOfMs: number
}> &
  Remarks

type Remarks = Readonly<{
  reason: string
  actor: string
  /** What the sender calls it: it is recorded once for an item. */
  externalId: string | undefined
  /** W3C Trace Context of its request or message. */
  traceparent: string | undefined
}>

export type Entry = MovementEntry | CountEntry
