import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { sampleReport, sampleReports } from '../../test/tracking-samples.ts'
import type { Checkpoint, Report, ReportedCheckpoint } from './checkpoint.ts'
import { readLocalTime } from './local-time.ts'
import { merge, numbered } from './merge.ts'
import { inOrder } from './order.ts'
import { type ParcelFacts, stateOf } from './parcel-state.ts'
import { type TrackingStatus, trackingStatuses } from './tracking-status.ts'

const receivedAtMs = Date.UTC(2026, 10, 29)
const facts: ParcelFacts = { shippedSinceMs: undefined, estimatedDeliveryAtMs: undefined }

function mergeAll(reports: readonly Report[], atMs = receivedAtMs): readonly Checkpoint[] {
  return reports.reduce<readonly Checkpoint[]>(
    (known, report) => merge(known, numbered(report.checkpoints, atMs)).checkpoints,
    [],
  )
}

/** A report written as lines: status, local time with or without an offset, place. */
function report(lines: string): Report {
  const checkpoints = lines
    .trim()
    .split('\n')
    .map((line): ReportedCheckpoint => {
      const [status = '', when = '', ...place] = line.trim().split(/ +/)
      const time = readLocalTime(when)
      if (time === undefined) throw new Error(line)
      const { localMs, offsetMinutes } = time
      const zone = offsetMinutes === undefined ? 'unknown' : 'known'
      const at = { localMs, offsetMinutes, zone, place: place.join(' ') } as const
      return { id: '', code: status, status: status as TrackingStatus, reason: '', text: '', ...at }
    })
  return { number: '1', carrier: '', checkpoints, estimatedDeliveryAtMs: undefined }
}

const stateAfter = (...lists: string[]) => stateOf(mergeAll(lists.map(report)), facts).status

/** The state of each real parcel. It is not always the one that the source of the samples gives. */
const states: Readonly<Record<string, readonly TrackingStatus[]>> = {
  dhl_universal: ['pre_transit'],
  dpd: ['out_for_delivery'],
  fedex: ['picked_up', 'delivered', 'delivered'],
  gls: ['unknown'],
  landmark: [
    ...(['in_transit', 'in_transit', 'pre_transit', 'out_for_delivery', 'delivered'] as const),
    ...(['attempted_delivery', 'delivered', 'delivered', 'pre_transit'] as const),
  ],
  mydhl: ['delivered'],
  ups: ['on_hold'],
  usps: ['delivered'],
}

describe('real reports', () => {
  for (const { name, index, events, report: whole } of sampleReports()) {
    test(`of ${name}, parcel ${index}: every order, twice, in one report and one by one come to one state`, () => {
      const expected = stateOf(mergeAll([whole]), facts)
      expect([expected.status]).toEqual(states[name]?.slice(index, index + 1) ?? [])
      const shuffled = fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length })
      fc.assert(
        fc.property(shuffled, shuffled, fc.nat(events.length), (one, other, cut) => {
          const single = one.map(event => sampleReport(name, [event]))
          const ways = [
            [sampleReport(name, one)],
            [sampleReport(name, one), sampleReport(name, other)],
            [sampleReport(name, [...one, ...other])],
            single,
            [...single, ...single.toReversed()],
            // The list while it grew, arriving late; and the whole of it.
            [sampleReport(name, other), sampleReport(name, events.slice(-cut)), ...single],
            [whole, sampleReport(name, events.slice(cut))],
          ]
          for (const reports of ways) {
            const checkpoints = mergeAll(reports)
            expect(checkpoints.length).toBe(mergeAll([whole]).length)
            expect(stateOf(checkpoints, facts)).toEqual(expected)
          }
        }),
        { numRuns: 25 },
      )
    })
  }
})

test('any reports in any order and any of them twice come to one order and one state', () => {
  const checkpoint = fc.record({
    id: fc.constantFrom('', '', 'a'),
    code: fc.constantFrom('A', 'B'),
    status: fc.constantFrom(...trackingStatuses),
    reason: fc.constant(''),
    localMs: fc.integer({ min: 0, max: 60 }).map(hours => Date.UTC(2026, 10, 27) + hours * 3_600_000),
    offsetMinutes: fc.option(fc.constantFrom(-300, 0, 480), { nil: undefined }),
    place: fc.constantFrom('', 'Lyon', 'Wien'),
    text: fc.constant(''),
  })
  const list = fc.array(checkpoint, { maxLength: 6 }).map((checkpoints): Report => {
    // One code has one status, as a table gives it.
    const read = checkpoints.map(one => ({
      ...one,
      status:
        trackingStatuses[(one.localMs / 3_600_000 + one.code.charCodeAt(0)) % trackingStatuses.length] ?? 'unknown',
      id: one.id === '' ? '' : `${one.localMs}${one.code}${one.place}`,
      zone: one.offsetMinutes === undefined ? ('unknown' as const) : ('known' as const),
    }))
    return { number: '1', carrier: '', checkpoints: read, estimatedDeliveryAtMs: undefined }
  })
  fc.assert(
    fc.property(fc.array(list, { maxLength: 5 }), fc.array(fc.nat(4), { maxLength: 8 }), (reports, order) => {
      const again = order.flatMap(index => reports[index] ?? [])
      const one = mergeAll(reports)
      const other = mergeAll([...again, ...reports.toReversed(), ...again])
      const keys = (checkpoints: readonly Checkpoint[]) => inOrder(checkpoints).map(({ key }) => key)
      expect(keys(other)).toEqual(keys(one))
      expect(stateOf(other, facts)).toEqual(stateOf(one, facts))
    }),
    { numRuns: 500 },
  )
})

describe('the order', () => {
  test('is by instant where both zones are known, whatever the clocks show', () => {
    const list = `
      in_transit        2026-11-28T07:54+00:00 Feltham
      out_for_delivery  2026-11-28T04:23-05:00 Boston`
    expect(stateAfter(list)).toBe('out_for_delivery')
  })

  test('is by local time within one place, although the list has it the other way round', () => {
    const list = `
      out_for_delivery  2026-11-28T08:00 Lyon
      in_transit        2026-11-28T11:00 Lyon
      pre_transit       2026-11-25T10:00 Lyon`
    expect(stateAfter(list)).toBe('in_transit')
  })

  test('is that of the list between places whose zones nobody knows', () => {
    const list = `
      attempted_delivery 2026-11-28T04:23 Roundwood
      in_transit         2026-11-28T07:54 Feltham
      in_transit         2026-11-26T07:54 Feltham
      pre_transit        2026-11-25T07:54 Feltham`
    expect(stateAfter(list)).toBe('attempted_delivery')
  })

  test('is that of time where clocks are further apart than those of New Zealand and Hawaii', () => {
    const list = `
      in_transit       2026-11-28T04:23 Roundwood
      out_for_delivery 2026-11-29T09:00 Feltham
      pre_transit      2026-11-25T07:54 Feltham`
    expect(stateAfter(list)).toBe('out_for_delivery')
  })

  test('takes 500 checkpoints without a zone in a moment', () => {
    const lines = Array.from(
      { length: 500 },
      (_, index) => `in_transit 2026-11-28T0${index % 10}:${10 + (index % 50)} P${index}`,
    )
    const checkpoints = mergeAll([report(lines.join('\n'))])
    const startedMs = performance.now()
    expect(inOrder(checkpoints).length).toBe(500)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })
})

describe('the state', () => {
  test('is that of the newest checkpoint and not the highest rank', () => {
    const list = `
      out_for_delivery     2026-11-28T08:00 Mechelen
      available_for_pickup 2026-11-27T08:00 Mechelen`
    expect(stateAfter(list)).toBe('out_for_delivery')
  })

  test('stays delivered, until a return begins', () => {
    const delivered = 'delivered 2026-11-27T08:00 Lyon\n in_transit 2026-11-27T09:00 Lyon'
    expect(stateAfter(delivered)).toBe('delivered')
    const returning = `${delivered}\n return_to_sender 2026-11-28T08:00 Lyon`
    expect(stateAfter(returning)).toBe('return_to_sender')
    expect(stateAfter(`${returning}\n in_transit 2026-11-28T09:00 Lyon`)).toBe('in_transit')
    const back = report(`${returning}\n delivered 2026-11-28T19:00 Paris`)
    expect(stateOf(mergeAll([back]), facts)).toMatchObject({ status: 'delivered', isReturning: true })
  })

  test('is moved by nothing that lies in the future, is older than the parcel or has an unknown code', () => {
    const list = `
      in_transit  2026-11-28T08:00 Lyon
      delivered   2038-01-19T03:14 Lyon
      failure     1970-01-01T00:00 Lyon
      unknown     2026-11-28T09:00 Lyon`
    expect(stateAfter(list)).toBe('in_transit')
    const recycled = report('delivered 2026-03-01T08:00 Lyon\n pre_transit 2026-11-28T08:00 Lyon')
    const shipped = { ...facts, shippedSinceMs: Date.UTC(2026, 10, 28) }
    expect(stateOf(mergeAll([recycled]), shipped).status).toBe('pre_transit')
    expect(stateOf(mergeAll([recycled]), facts).status).toBe('delivered')
  })

  test('follows a plan when it has come true', () => {
    const planned = report('out_for_delivery 2026-12-02T08:00 Lyon')
    const early = mergeAll([planned])
    expect(stateOf(early, facts).status).toBe('unknown')
    expect(stateOf(merge(early, numbered(planned.checkpoints, Date.UTC(2026, 11, 2))).checkpoints, facts).status).toBe(
      'out_for_delivery',
    )
  })
})
