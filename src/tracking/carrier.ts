import type { Violation } from '../errors.ts'
import { normalizeCarrier, normalizeNumber, numberForm, type Report, type ReportedCheckpoint } from './checkpoint.ts'
import type { TrackingStatus } from './tracking-status.ts'

export type CarrierHeaders = Readonly<{ get(name: string): string | null }>

/** What the bytes of a carrier say: reports, none where it is about something else; or everything that is wrong with them. */
export type Reading =
  | Readonly<{ kind: 'reports'; reports: readonly Report[] }>
  | Readonly<{ kind: 'refused'; violations: readonly Violation[] }>

/** Somebody who reports parcels: a carrier, or an aggregator of many. */
export type Carrier = Readonly<{
  /** As in the address of its webhook. */
  name: string
  /** How it proves that it sends, in a few words for the documentation. */
  proof: string
  /**
   * Whether it has sent the bytes.
   *
   * @param secrets one, or two while one replaces the other
   * @param nowMs milliseconds since 1970
   */
  verify(headers: CarrierHeaders, body: Uint8Array, secrets: readonly string[], nowMs: number): boolean
  parse(body: Uint8Array): Reading
}>

/** What a code means. */
export type Meaning = Readonly<{ status: TrackingStatus; reason: string }>

/** Codes of a meaning, with spaces between them. */
export type CodeRow = readonly [status: TrackingStatus, codes: string, reason?: string]

/** Makes a carrier's table of codes. @throws Error when a code stands in it twice: which of its meanings counted would be chance */
export function tableOf(rows: readonly CodeRow[]): ReadonlyMap<string, Meaning> {
  const table = new Map<string, Meaning>()
  for (const [status, codes, reason = ''] of rows) {
    for (const code of codes.split(' ')) {
      if (table.has(code)) throw new Error(`the code ${code} stands twice in a table`)
      table.set(code, { status, reason })
    }
  }
  return table
}

/** The meaning of a code that no table has. */
export const noMeaning: Meaning = { status: 'unknown', reason: '' }

/** Longer reports are refused: the longest real one had 60. */
const reportedMax = 1_000

/** Collects the reports of a message, and what is wrong with it. */
export class Reports {
  readonly #reports: Report[] = []
  readonly #violations: Violation[] = []

  refuse(pointer: string, detail: string): void {
    if (this.#violations.length < 100) this.#violations.push({ pointer, detail })
  }

  /**
   * Adds a report.
   *
   * @param read reads one of the list; undefined when it has no time that can be read
   */
  add<Given>(
    given: Readonly<{ number: string; carrier: string; pointer: string; estimatedDeliveryAtMs?: number | undefined }>,
    list: readonly Given[],
    read: (one: Given) => ReportedCheckpoint | undefined,
  ): void {
    const number = normalizeNumber(given.number)
    const isNumber = numberForm.test(number)
    if (!isNumber) this.refuse(given.pointer, 'must have a tracking number of 1 to 64 letters and digits')
    if (list.length > reportedMax) this.refuse(given.pointer, `must have at most ${reportedMax} checkpoints`)
    if (!isNumber || list.length > reportedMax) return
    const checkpoints: ReportedCheckpoint[] = []
    for (const [index, one] of list.entries()) {
      const checkpoint = read(one)
      if (checkpoint === undefined)
        this.refuse(`${given.pointer}/${index}`, 'must have a date and a time that can be read')
      else checkpoints.push(checkpoint)
    }
    const { estimatedDeliveryAtMs } = given
    this.#reports.push({ number, carrier: normalizeCarrier(given.carrier), checkpoints, estimatedDeliveryAtMs })
  }

  reading(): Reading {
    if (this.#violations.length > 0) return { kind: 'refused', violations: this.#violations }
    return { kind: 'reports', reports: this.#reports }
  }
}

/** Refuses bytes that are no JSON object. */
export function refusedAsJson(): Reading {
  return { kind: 'refused', violations: [{ pointer: '', detail: 'must be a JSON object in UTF-8' }] }
}
