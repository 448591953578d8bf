import { type Carrier, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, placeOf, readLoosely, textAt, valueAt } from '../json-fields.ts'
import { readLocalTime } from '../local-time.ts'
import { isHmacOf } from '../signatures.ts'

/**
 * USPS: notifications of Subscriptions – Tracking 3. Each is an envelope whose `payload` is a text of JSON, with the events of Tracking 3 or
 * one scan. Codes: PTR scan events.
 */

const codes = tableOf([
  ['pre_transit', 'GX MA GC TM 89'],
  ['picked_up', '03 80 OA AD'],
  ['in_transit', '06 07 10 41 42 81 82 83 A1 T1 TL NT PC SF UA'],
  ['out_for_delivery', 'OF'],
  ['available_for_pickup', '14 16'],
  ['attempted_delivery', '02 56'],
  ['attempted_delivery', '04', 'consignee_refused'],
  ['attempted_delivery', '51', 'consignee_closed'],
  ['attempted_delivery', '52 53', 'consignee_receptacle'],
  ['attempted_delivery', '54 55', 'consignee_not_available'],
  ['delivered', '01 17 43'],
  ['delayed', '08', 'carrier_missort'],
  ['delayed', 'DX', 'carrier_delay'],
  ['on_hold', '57', 'consignee_request'],
  ['failure', '05', 'consignee_bad_address'],
  ['return_to_sender', '09 29 31'],
  ['return_to_sender', '21 22 23 24 25 26', 'consignee_bad_address'],
  ['return_to_sender', '27', 'consignee_unclaimed'],
  ['return_to_sender', '28', 'consignee_deceased'],
  ['return_to_sender', '44', 'consignee_recall'],
])

export const usps: Carrier = {
  name: 'usps',
  proof: 'the header X-HMAC: HMAC-SHA256 of timestamp and payload by the secret of the subscription, in base64',
  verify(headers, body, secrets) {
    const message = readLoosely(body)
    const [timestamp, payload] = [valueAt(message, 'timestamp'), valueAt(message, 'payload')]
    if (typeof timestamp !== 'string' || typeof payload !== 'string') return false
    return isHmacOf(headers.get('x-hmac') ?? headers.get('hmac-header'), [timestamp, payload], secrets, ['base64'])
  },
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const payload = valueAt(message, 'payload') ?? message
    const data = typeof payload === 'string' ? readLoosely(new TextEncoder().encode(payload)) : payload
    const events = listAt(data, 'trackingEvents')
    const reports = new Reports()
    const given = { number: textAt(data, 'trackingNumber'), carrier: 'usps', pointer: '/trackingEvents' }
    reports.add(given, events.length === 0 && textAt(data, 'eventCode') !== '' ? [data] : events, readEvent)
    return reports.reading()
  },
}

function readEvent(event: unknown): ReportedCheckpoint | undefined {
  const time = readLocalTime(textAt(event, 'eventTimestamp'))
  if (time === undefined) return undefined
  const code = textAt(event, 'eventCode')
  const { status, reason } = codes.get(code) ?? noMeaning
  const where = (field: string) => textAt(event, field)
  return {
    ...{ id: '', code, status, reason },
    ...{ localMs: time.localMs, ...zoneOf(time, { offset: textAt(event, 'GMTOffset') }) },
    place: placeOf(where('eventCity'), where('eventZIP'), where('eventState'), where('eventCountry')),
    text: textAt(event, 'eventType'),
  }
}
