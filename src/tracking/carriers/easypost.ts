import { type Carrier, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, placeOf, readLoosely, textAt, valueAt } from '../json-fields.ts'
import { readLocalTime } from '../local-time.ts'
import { isHmacOf } from '../signatures.ts'

/** EasyPost, an aggregator: events about trackers. Its times end with `Z` also where a carrier gave local ones. */

const statuses = tableOf([
  ['pre_transit', 'pre_transit'],
  ['in_transit', 'in_transit'],
  ['out_for_delivery', 'out_for_delivery'],
  ['available_for_pickup', 'available_for_pickup'],
  ['delivered', 'delivered'],
  ['return_to_sender', 'return_to_sender'],
  ['failure', 'failure error'],
  ['cancelled', 'cancelled'],
])

/** Details that say more than the status beside them. */
const details = tableOf([
  ['picked_up', 'received_at_origin_facility'],
  ['available_for_pickup', 'arrived_at_pickup_location'],
  ['attempted_delivery', 'delivery_exception'],
  ['attempted_delivery', 'refused', 'consignee_refused'],
  ['delayed', 'delayed transit_exception', 'carrier_delay'],
  ['delayed', 'missorted', 'carrier_missort'],
  ['delayed', 'weather_delay', 'weather_delay'],
  ['delayed', 'address_correction', 'consignee_bad_address'],
  ['on_hold', 'held', 'carrier_hold'],
  ['on_hold', 'awaiting_information', 'consignee_information'],
  ['failure', 'damaged', 'carrier_damaged'],
  ['failure', 'lost', 'carrier_lost'],
  ['expired', 'expired'],
])

export const easypost: Carrier = {
  name: 'easypost',
  proof: 'the header X-Hmac-Signature: hmac-sha256-hex= and the HMAC-SHA256 of the body by the webhook secret, in hex',
  verify(headers, body, secrets) {
    const [, given = null] = /^hmac-sha256-hex=([0-9a-f]{64})$/i.exec(headers.get('x-hmac-signature') ?? '') ?? []
    const normalized = secrets.map(secret => secret.normalize('NFKD'))
    return isHmacOf(given, [body], normalized, ['hex'])
  },
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const reports = new Reports()
    const tracker = valueAt(message, 'object') === 'Tracker' ? message : valueAt(message, 'result')
    // Events about batches and others come to the same address.
    if (valueAt(tracker, 'object') !== 'Tracker') return reports.reading()
    const given = { number: textAt(tracker, 'tracking_code'), carrier: textAt(tracker, 'carrier') }
    reports.add({ ...given, pointer: '/result/tracking_details' }, listAt(tracker, 'tracking_details'), readDetail)
    return reports.reading()
  },
}

function readDetail(detail: unknown): ReportedCheckpoint | undefined {
  const time = readLocalTime(textAt(detail, 'datetime'))
  if (time === undefined) return undefined
  const said = textAt(detail, 'status')
  const { status, reason } = details.get(textAt(detail, 'status_detail')) ?? statuses.get(said) ?? noMeaning
  const where = (field: string) => textAt(detail, 'tracking_location', field)
  return {
    ...{ id: '', code: textAt(detail, 'carrier_code') || said, status, reason },
    ...{ localMs: time.localMs, ...zoneOf(time) },
    place: placeOf(where('city'), where('state'), where('zip'), where('country')),
    text: textAt(detail, 'message'),
  }
}
