import { type Carrier, noMeaning, Reports, refusedAsJson, tableOf } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { listAt, placeOf, readLoosely, textAt } from '../json-fields.ts'
import { readDateAndClock, readLocalTime } from '../local-time.ts'
import { isBasicPassword, isSame } from '../signatures.ts'

/** DHL: Shipment Tracking Unified, pushed; and the answers of MyDHL API (Express), which have codes of two letters. */

const codes = tableOf([
  ['pre_transit', 'pre-transit'],
  ['in_transit', 'transit'],
  ['failure', 'failure'],
  ['picked_up', 'PU SA'],
  ['in_transit', 'PL DF AF AR FD TP TR RW SM'],
  ['in_transit', 'CR', 'customs_cleared'],
  ['in_transit', 'IC', 'customs_clearance'],
  ['out_for_delivery', 'WC'],
  ['available_for_pickup', 'CC'],
  ['attempted_delivery', 'NH', 'consignee_not_available'],
  ['attempted_delivery', 'CA', 'consignee_closed'],
  ['attempted_delivery', 'RD', 'consignee_refused'],
  ['delivered', 'delivered OK PD'],
  ['delivered', 'DD', 'carrier_damaged'],
  ['delayed', 'MS', 'carrier_missort'],
  ['delayed', 'MD TD', 'carrier_delay'],
  ['on_hold', 'OH', 'carrier_hold'],
  ['on_hold', 'BA', 'consignee_bad_address'],
  ['on_hold', 'UD CD BR', 'customs_delay'],
  ['return_to_sender', 'RT'],
  ['failure', 'DS', 'carrier_disposed'],
])

export const dhl: Carrier = {
  name: 'dhl',
  proof: 'the header x-api-key, as the subscription names it, or basic authentication: DHL signs nothing',
  verify(headers, _body, secrets) {
    const key = headers.get('x-api-key')
    if (key !== null) return secrets.some(secret => isSame(key, secret))
    return isBasicPassword(headers.get('authorization'), secrets)
  },
  parse(body) {
    const message = readLoosely(body)
    if (typeof message !== 'object' || message === null) return refusedAsJson()
    const reports = new Reports()
    const shipments = listAt(message, 'shipments')
    for (const [index, shipment] of shipments.entries()) {
      const number = textAt(shipment, 'id') || textAt(shipment, 'shipmentTrackingNumber')
      const expected = readLocalTime(textAt(shipment, 'estimatedTimeOfDelivery'))
      const estimatedDeliveryAtMs =
        expected?.offsetMinutes === undefined ? undefined : expected.localMs - expected.offsetMinutes * 60_000
      reports.add(
        { number, carrier: 'dhl', pointer: `/shipments/${index}`, estimatedDeliveryAtMs },
        listAt(shipment, 'events'),
        readEvent,
      )
    }
    if (shipments.length === 0) reports.refuse('/shipments', 'must be a list of shipments')
    return reports.reading()
  },
}

function readEvent(event: unknown): ReportedCheckpoint | undefined {
  const express = textAt(event, 'typeCode')
  const time =
    express === ''
      ? readLocalTime(textAt(event, 'timestamp'))
      : readDateAndClock(textAt(event, 'date'), textAt(event, 'time'))
  if (time === undefined) return undefined
  const code = express || textAt(event, 'statusCode')
  const { status, reason } = codes.get(code) ?? noMeaning
  const where = (field: string) => textAt(event, 'location', 'address', field)
  return {
    ...{ id: '', code, status, reason },
    ...{ localMs: time.localMs, ...zoneOf(time, { offset: textAt(event, 'GMTOffset') }) },
    place:
      placeOf(where('addressLocality'), where('postalCode'), where('countryCode')) ||
      textAt(listAt(event, 'serviceArea')[0], 'description'),
    text: textAt(event, 'description'),
  }
}
