import { type Carrier, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, readLoosely, textAt, valueAt } from '../json-fields.ts'
import { type LocalTime, readDateAndClock, readLocalTime } from '../local-time.ts'
import { isBasicPassword } from '../signatures.ts'

/** DPD: the life cycle of a parcel as its web services tell it. Times are local and have no zone. */

const codes = tableOf([
  ['picked_up', 'PickedUp ACCEPTED'],
  ['in_transit', 'Depot BetweenDepots Consolidation ON_THE_ROAD AT_DELIVERY_DEPOT'],
  ['in_transit', 'Customs', 'customs_clearance'],
  ['out_for_delivery', 'Courier OUT_FOR_DELIVERY'],
  ['available_for_pickup', 'ParcelShop'],
  ['attempted_delivery', 'DeliveryFailure ReturningFromDelivery'],
  ['delivered', 'Delivered DELIVERED'],
  ['on_hold', 'Warehouse', 'carrier_hold'],
])

export const dpd: Carrier = {
  name: 'dpd',
  proof: 'basic authentication: DPD signs nothing; the secret is the password',
  verify: (headers, _body, secrets) => isBasicPassword(headers.get('authorization'), secrets),
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const data = valueAt(message, 'parcellifecycleResponse', 'parcelLifeCycleData') ?? message
    const number = textAt(data, 'shipmentInfo', 'parcelLabelNumber') || textAt(data, 'parcelLabelNumber')
    const reached = listAt(data, 'statusInfo').filter(one => valueAt(one, 'statusHasBeenReached') !== false)
    const reports = new Reports()
    reports.add({ number, carrier: 'dpd', pointer: '/statusInfo' }, reached, readStatus)
    return reports.reading()
  },
}

function readStatus(info: unknown): ReportedCheckpoint | undefined {
  const time = readTime(contentOf(info, 'date'))
  if (time === undefined) return undefined
  const code = textAt(info, 'status')
  const { status, reason } = codes.get(code) ?? noMeaning
  const place = contentOf(info, 'location')
  return { id: '', code, status, reason, localMs: time.localMs, ...zoneOf(time), place, text: contentOf(info, 'label') }
}

/** `7/30/2021 9:54:00 AM`, month first; or as ISO 8601 has it. */
function readTime(text: string): LocalTime | undefined {
  const [, month = '', day = '', year = '', clock] = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) +(\S.*)$/.exec(text) ?? []
  if (clock === undefined) return readLocalTime(text)
  return readDateAndClock(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`, clock)
}

/** Texts stand in an object that says how to show them. */
function contentOf(info: unknown, field: string): string {
  return textAt(info, field, 'content') || textAt(info, field)
}
