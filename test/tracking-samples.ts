import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { carriers } from '../src/tracking/carriers.ts'
import type { Report } from '../src/tracking/checkpoint.ts'
import { localText, readDateAndClock } from '../src/tracking/local-time.ts'

/** Parcels as real carriers reported them (test/samples/tracking), and the messages that say the same in the form of each carrier. */

type SampleEvent = { code: string; date: string; time: string; place: string | null; status: string | null }
type Sample = { carrier: string; zones_seen_in_the_raw_times: string[]; parcels: { events: SampleEvent[] }[] }

const folder = join(import.meta.dirname, 'samples/tracking')

export const sampleNames = readdirSync(folder).map(file => file.replace('.json', ''))

export function sampleParcels(name: string): Sample['parcels'] {
  return (JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Sample).parcels
}

/** The local time of an event, as every form but DPD's has it. */
function timeOf({ date, time }: SampleEvent): string {
  const read = readDateAndClock(date, time)
  if (read === undefined) throw new Error(`the sample has the time ${date} ${time}`)
  return localText(read.localMs)
}

/** The words of the library that the samples' statuses are from, where they are not ours. */
const words: Record<string, string> = {
  pending: 'pre_transit',
  delivery_failed: 'attempted_delivery',
  delivery_delayed: 'delayed',
  ready_for_pickup: 'available_for_pickup',
}

const messages: Record<string, (number: string, events: readonly SampleEvent[]) => object> = {
  fedex: (number, events) => ({
    output: {
      completeTrackResults: [
        {
          trackingNumber: number,
          trackResults: [
            {
              scanEvents: events.map(event => ({
                ...{ date: timeOf(event), eventType: event.code, scanLocation: { city: event.place } },
              })),
            },
          ],
        },
      ],
    },
  }),
  ups: (number, events) => ({
    trackResponse: {
      shipment: [
        {
          package: [
            {
              trackingNumber: number,
              activity: events.map(event => ({
                ...{ date: event.date.replaceAll('-', ''), time: timeOf(event).slice(11).replaceAll(':', '') },
                ...{ status: { type: 'X', code: event.code }, location: { address: { city: event.place } } },
              })),
            },
          ],
        },
      ],
    },
  }),
  usps: (number, events) => ({
    trackingNumber: number,
    trackingEvents: events.map(event => ({
      eventCode: event.code,
      eventTimestamp: timeOf(event),
      eventCity: event.place,
    })),
  }),
  dhl_universal: (number, events) => ({
    shipments: [
      {
        id: number,
        events: events.map(event => ({
          ...{ timestamp: timeOf(event), statusCode: event.code },
          location: { address: { addressLocality: event.place } },
        })),
      },
    ],
  }),
  mydhl: (number, events) => ({
    shipments: [
      {
        shipmentTrackingNumber: number,
        events: events.map(event => ({
          ...{ date: event.date, time: event.time, typeCode: event.code, serviceArea: [{ description: event.place }] },
        })),
      },
    ],
  }),
  dpd: (number, events) => ({
    parcellifecycleResponse: {
      parcelLifeCycleData: {
        shipmentInfo: { parcelLabelNumber: number },
        statusInfo: events.map(({ code, date, time, place }) => {
          const [year, month, day] = date.split('-').map(Number)
          return { status: code, location: { content: place }, date: { content: `${month}/${day}/${year} ${time}` } }
        }),
      },
    },
  }),
}

/** What has no form of its own comes in ours, with the meanings that the sample gives. */
function genericMessage(number: string, events: readonly SampleEvent[], zone: string | undefined): object {
  const checkpoints = events.map(event => ({
    ...{ code: event.code, occurred_local: timeOf(event) },
    ...(event.status === null ? {} : { status: words[event.status] ?? event.status }),
    ...(event.place === null ? {} : { place: event.place }),
    ...(zone === undefined ? {} : { zone }),
  }))
  return { tracking_number: number, checkpoints }
}

/** A sample as the bytes that its carrier sends, some of its events in some order. */
export function sampleBytes(name: string, number: string, events: readonly SampleEvent[]): Uint8Array {
  const zone = name === 'gls' ? '+02:00' : undefined
  const message = messages[name]?.(number, events) ?? genericMessage(number, events, zone)
  return new TextEncoder().encode(JSON.stringify(message))
}

/** The carrier whose webhook a sample comes by. */
export function carrierOfSample(name: string): string {
  if (name === 'dhl_universal' || name === 'mydhl') return 'dhl'
  return messages[name] === undefined ? 'generic' : name
}

/** Reads some events of a sample. */
export function sampleReport(name: string, events: readonly SampleEvent[]): Report {
  const carrier = carriers.find(one => one.name === carrierOfSample(name))
  const reading = carrier?.parse(sampleBytes(name, 'SAMPLE1', events))
  const report = reading?.kind === 'reports' ? reading.reports[0] : undefined
  if (report === undefined) throw new Error(`the sample ${name} cannot be read: ${JSON.stringify(reading)}`)
  return report
}

export type SampleReport = Readonly<{
  name: string
  carrier: string
  index: number
  events: SampleEvent[]
  report: Report
}>

/** Every parcel of every sample. */
export function sampleReports(): SampleReport[] {
  return sampleNames.flatMap(name =>
    sampleParcels(name).map(({ events }, index) => ({
      ...{ name, index, events },
      ...{ carrier: carrierOfSample(name), report: sampleReport(name, events) },
    })),
  )
}
