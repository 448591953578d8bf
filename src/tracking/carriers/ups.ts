import { type Carrier, type Meaning, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, placeOf, readLoosely, textAt, valueAt } from '../json-fields.ts'
import { type LocalTime, readDateAndClock, readLocalTime } from '../local-time.ts'
import { isSame } from '../signatures.ts'

/** UPS: Track Alert, which sends one activity at a time, and answers of the Tracking API with all of them. */

const codes = tableOf([
  ['pre_transit', 'MP'],
  ['in_transit', 'OR DP AR'],
  ['out_for_delivery', 'OT OF'],
  ['delivered', 'FS'],
  ['on_hold', 'SR'],
  ['return_to_sender', 'RS'],
])

/** Every activity has a type as well, for codes that the table does not know. */
const types = tableOf([
  ['pre_transit', 'M'],
  // The label was voided.
  ['cancelled', 'MV'],
  ['picked_up', 'P'],
  ['in_transit', 'I'],
  ['out_for_delivery', 'O'],
  ['delayed', 'X', 'carrier_exception'],
  ['delivered', 'D'],
  ['return_to_sender', 'RS'],
  // The time of delivery was updated, which says nothing of where the parcel is.
  ['unknown', 'U', 'carrier_estimate'],
])

export const ups: Carrier = {
  name: 'ups',
  proof: 'the header credential: the one given with the subscription',
  verify(headers, _body, secrets) {
    const given = headers.get('credential')
    return given !== null && secrets.some(secret => isSame(given, secret))
  },
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const reports = new Reports()
    const shipments = listAt(message, 'trackResponse', 'shipment')
    for (const [index, one] of shipments.flatMap(shipment => listAt(shipment, 'package')).entries()) {
      const given = { number: textAt(one, 'trackingNumber'), carrier: 'ups', pointer: `/trackResponse/${index}` }
      reports.add(given, listAt(one, 'activity'), readActivity)
    }
    if (valueAt(message, 'trackResponse') === undefined) {
      reports.add({ number: textAt(message, 'trackingNumber'), carrier: 'ups', pointer: '' }, [message], readAlert)
    }
    return reports.reading()
  },
}

function readAlert(alert: unknown): ReportedCheckpoint | undefined {
  const time = readDateAndClock(textAt(alert, 'localActivityDate'), textAt(alert, 'localActivityTime'))
  const gmt = readDateAndClock(textAt(alert, 'gmtActivityDate'), textAt(alert, 'gmtActivityTime'))
  // As -04.00; older messages do without.
  const offset = textAt(alert, 'gmtOffset').replace('.', ':')
  return checkpointOf(
    time,
    offset || offsetBetween(time, gmt),
    valueAt(alert, 'activityStatus'),
    valueAt(alert, 'activityLocation'),
  )
}

function readActivity(activity: unknown): ReportedCheckpoint | undefined {
  const time = readDateAndClock(textAt(activity, 'date'), textAt(activity, 'time'))
  const offset = textAt(activity, 'gmtOffset')
  return checkpointOf(time, offset, valueAt(activity, 'status'), valueAt(activity, 'location', 'address'))
}

/** The offset of a clock from the one of Greenwich; '' when it is none that a clock can have. */
function offsetBetween(time: LocalTime | undefined, gmt: LocalTime | undefined): string {
  if (time === undefined || gmt === undefined) return ''
  const minutes = (time.localMs - gmt.localMs) / 60_000
  if (!Number.isInteger(minutes / 15)) return ''
  const two = (number: number) => String(Math.floor(Math.abs(number))).padStart(2, '0')
  const text = `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
  return readLocalTime(`2000-01-01T00:00${text}`) === undefined ? '' : text
}

function checkpointOf(
  time: LocalTime | undefined,
  offset: string,
  status: unknown,
  address: unknown,
): ReportedCheckpoint | undefined {
  if (time === undefined) return undefined
  const code = textAt(status, 'code') || textAt(status, 'type')
  const text = textAt(status, 'description')
  const where = (field: string) => textAt(address, field)
  return {
    ...{ id: '', code, text, ...meaningOf(code, textAt(status, 'type'), text) },
    ...{ localMs: time.localMs, ...zoneOf(time, { offset }) },
    place: placeOf(
      where('city'),
      where('stateProvince'),
      where('postalCode'),
      where('countryCode') || where('country'),
    ),
  }
}

/**
 * A parcel that was delivered to a shop waits there for its recipient. The type D is of everything around a delivery, also of a parcel that
 * was loaded, so that a code which the table does not know is a delivery only when UPS says so in words.
 */
function meaningOf(code: string, type: string, text: string): Meaning {
  const meaning = codes.get(code) ?? types.get(type) ?? noMeaning
  if (meaning.status === 'delivered' && !codes.has(code) && !/^delivered/i.test(text)) return noMeaning
  const waits = meaning.status === 'delivered' && /access point/i.test(text) && !/picked up|collected/i.test(text)
  return waits ? { status: 'available_for_pickup', reason: '' } : meaning
}
