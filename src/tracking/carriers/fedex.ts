import { type Carrier, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, placeOf, readLoosely, textAt } from '../json-fields.ts'
import { readLocalTime } from '../local-time.ts'
import { isHmacOf } from '../signatures.ts'

/** FedEx: Advanced Integrated Visibility, whose messages have the form of the Track API's answers. */

const codes = tableOf([
  ['pre_transit', 'OC EP AP RP'],
  ['picked_up', 'PU PX DO IP'],
  ['in_transit', 'AR AF DP IT IX TR LO OF FD SF PF PL PM AO AE AX EA EO AC CH OX SP DS'],
  ['in_transit', 'CC', 'customs_cleared'],
  ['in_transit', 'CP', 'customs_clearance'],
  ['out_for_delivery', 'OD ED AD'],
  ['available_for_pickup', 'HL HP'],
  ['attempted_delivery', 'DE'],
  ['delivered', 'DL'],
  ['delayed', 'SE DY DD PD', 'carrier_delay'],
  ['delayed', 'DR', 'carrier_vehicle'],
  ['on_hold', 'CD', 'customs_delay'],
  ['return_to_sender', 'RS'],
  ['cancelled', 'CA'],
  // What was asked for or noted, and says nothing of where the parcel is.
  ['unknown', 'US MD IN', 'carrier_note'],
  ['unknown', 'RR RM HA RA PR AS RT', 'consignee_request'],
])

/** Why something went wrong, by the code of the exception. */
const reasons = new Map([
  ['03', 'consignee_bad_address'],
  ['07', 'consignee_refused'],
  ['08', 'consignee_not_available'],
  ['15', 'consignee_closed'],
  ['17', 'consignee_request'],
  ['84', 'weather_delay'],
])

export const fedex: Carrier = {
  name: 'fedex',
  proof: 'the header fdx-signature: HMAC-SHA256 of the body by the security token of the webhook, in base64 or hex',
  // Its documentation says base64 in words and in code, and hex in the description of the same step.
  verify: (headers, body, secrets) => isHmacOf(headers.get('fdx-signature'), [body], secrets, ['base64', 'hex']),
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const reports = new Reports()
    for (const [index, complete] of resultsOf(message).entries()) {
      for (const result of listAt(complete, 'trackResults')) {
        const number = textAt(result, 'trackingNumberInfo', 'trackingNumber') || textAt(complete, 'trackingNumber')
        const pointer = `/output/completeTrackResults/${index}`
        reports.add({ number, carrier: 'fedex', pointer }, listAt(result, 'scanEvents'), readScan)
      }
    }
    return reports.reading()
  },
}

function resultsOf(message: object): readonly unknown[] {
  const inside = listAt(message, 'output', 'completeTrackResults')
  return inside.length > 0 ? inside : listAt(message, 'completeTrackResults')
}

function readScan(scan: unknown): ReportedCheckpoint | undefined {
  const time = readLocalTime(textAt(scan, 'date'))
  if (time === undefined) return undefined
  const code = textAt(scan, 'eventType')
  const { status, reason } = codes.get(code) ?? noMeaning
  const exception = textAt(scan, 'exceptionCode')
  const where = (field: string) => textAt(scan, 'scanLocation', field)
  return {
    ...{ id: '', code, status, reason: reasons.get(exception) ?? reason },
    ...{ localMs: time.localMs, ...zoneOf(time) },
    place: placeOf(where('city'), where('stateOrProvinceCode'), where('postalCode'), where('countryCode')),
    text: textAt(scan, 'eventDescription'),
  }
}
