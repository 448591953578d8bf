import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { sampleReport, sampleReports } from '../../test/tracking-samples.ts'
import type { Checkpoint, Report } from './checkpoint.ts'
import { digestOf, isRightDigest } from './list-digest.ts'
import { numbered } from './merge.ts'
import { decideReports, knownByReports, listed } from './number-reports.ts'
import { newParcel, type Parcel, parcelKey } from './parcel.ts'

const firstMs = Date.UTC(2026, 10, 29)

type Stored = Readonly<{ parcel: Parcel; checkpoints: ReadonlyMap<string, Checkpoint> }>

/** Stores a report. @param mayTrust whether what the report shows to be stored is believed, instead of read */
function store({ parcel, checkpoints }: Stored, report: Report, receivedAtMs: number, mayTrust: boolean) {
  const given = [listed({ report, receivedAtMs, traceparent: undefined })]
  const shown = mayTrust ? knownByReports(parcel, given) : undefined
  const known = new Map([[parcelKey(parcel), shown ?? [...checkpoints.values()]]])
  const { updated, added, changed } = decideReports(parcel.number, given, {
    ...{ parcels: [parcel], checkpoints: known, shipments: [] },
  })
  const after = new Map(checkpoints)
  for (const { checkpoint } of [...added, ...changed]) after.set(checkpoint.key, checkpoint)
  return { stored: { parcel: updated[0]?.after ?? parcel, checkpoints: after }, isShown: shown !== undefined }
}

test('what a report shows to be stored is as good as reading it, whatever came before, and right after each report', () => {
  let [shown, reports] = [0, 0]
  for (const { name, events } of sampleReports()) {
    const shuffled = fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length })
    const lists = fc.array(
      fc.oneof(
        fc.nat(events.length).map(length => events.slice(-length)),
        shuffled,
      ),
      { minLength: 1, maxLength: 6 },
    )
    fc.assert(
      fc.property(lists, fc.array(fc.nat(3), { maxLength: 6 }), (chosen, hours) => {
        const none = { parcel: newParcel('1', '', firstMs), checkpoints: new Map() }
        let [believing, reading]: [Stored, Stored] = [none, none]
        for (const [index, list] of chosen.entries()) {
          const atMs = firstMs + (index - (hours[index] ?? 0)) * 3_600_000
          const report = sampleReport(name, list)
          const one = store(believing, report, atMs, true)
          believing = one.stored
          reading = store(reading, report, atMs, false).stored
          expect(believing).toEqual(reading)
          expect(isRightDigest(believing.parcel, [...believing.checkpoints.values()])).toBe(true)
          if (believing.checkpoints.size > 0) reports += 1
          if (one.isShown && believing.checkpoints.size > 0) shown += 1
        }
      }),
      { numRuns: 20 },
    )
  }
  expect(shown).toBeGreaterThan(reports / 10)
})

test('a digest of another time says nothing; a wrong one is noticed', () => {
  const report = sampleReports().find(({ events }) => events.length > 4)?.report
  if (report === undefined) throw new Error('no sample is long enough')
  const checkpoints = numbered(report.checkpoints, firstMs)
  const listDigest = digestOf(checkpoints, firstMs)
  const parcel = { checkpoints: checkpoints.length, updatedAtMs: firstMs, listDigest }
  expect(isRightDigest(parcel, checkpoints)).toBe(true)
  expect(isRightDigest({ ...parcel, updatedAtMs: firstMs + 1 }, checkpoints.slice(1))).toBe(true)
  expect(isRightDigest(parcel, checkpoints.slice(1))).toBe(false)
  expect(isRightDigest({ ...parcel, listDigest: 'x' }, checkpoints)).toBe(false)
})
