import { type Carrier, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, placeOf, readLoosely, textAt, valueAt } from '../json-fields.ts'
import { readLocalTime } from '../local-time.ts'
import { isHmacOf } from '../signatures.ts'

/** AfterShip, an aggregator: tracking updates. A time without an offset is local, with or without a `Z`. */

const codes = tableOf([
  ['pre_transit', 'Pending InfoReceived'],
  ['in_transit', 'InTransit'],
  ['picked_up', 'InTransit_002'],
  ['in_transit', 'InTransit_005', 'customs_cleared'],
  ['out_for_delivery', 'OutForDelivery'],
  ['available_for_pickup', 'AvailableForPickup'],
  ['attempted_delivery', 'AttemptFail'],
  ['attempted_delivery', 'AttemptFail_002', 'consignee_not_available'],
  ['attempted_delivery', 'AttemptFail_003', 'consignee_closed'],
  ['delivered', 'Delivered'],
  ['failure', 'Exception'],
  ['attempted_delivery', 'Exception_002', 'consignee_moved'],
  ['attempted_delivery', 'Exception_003', 'consignee_refused'],
  ['on_hold', 'Exception_004', 'customs_delay'],
  ['delayed', 'Exception_005', 'carrier_delay'],
  ['on_hold', 'Exception_006', 'consignee_payment'],
  ['on_hold', 'Exception_007', 'consignee_bad_address'],
  ['delayed', 'Exception_008', 'carrier_missed_pickup'],
  ['failure', 'Exception_009', 'carrier_rejected'],
  ['return_to_sender', 'Exception_010 Exception_011'],
  ['failure', 'Exception_012', 'carrier_damaged'],
  ['failure', 'Exception_013', 'carrier_lost'],
  ['expired', 'Expired'],
])

export const aftership: Carrier = {
  name: 'aftership',
  proof: 'the header aftership-hmac-sha256: HMAC-SHA256 of the body by the webhook secret, in base64',
  verify: (headers, body, secrets) => isHmacOf(headers.get('aftership-hmac-sha256'), [body], secrets, ['base64']),
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const reports = new Reports()
    const tracking = valueAt(message, 'msg') ?? message
    const given = { number: textAt(tracking, 'tracking_number'), carrier: textAt(tracking, 'slug') }
    reports.add({ ...given, pointer: '/msg/checkpoints' }, listAt(tracking, 'checkpoints'), readCheckpoint)
    return reports.reading()
  },
}

function readCheckpoint(checkpoint: unknown): ReportedCheckpoint | undefined {
  const time = readLocalTime(textAt(checkpoint, 'checkpoint_time'))
  if (time === undefined) return undefined
  const tag = textAt(checkpoint, 'tag')
  const { status, reason } = codes.get(textAt(checkpoint, 'subtag')) ?? codes.get(tag) ?? noMeaning
  const where = (field: string) => textAt(checkpoint, field)
  const city = placeOf(where('city'), where('state'), where('zip'), where('country_iso3'))
  return {
    ...{ id: '', code: textAt(checkpoint, 'raw_tag') || textAt(checkpoint, 'subtag') || tag, status, reason },
    ...{ localMs: time.localMs, ...zoneOf(time) },
    ...{ place: city || where('location'), text: where('message') },
  }
}
