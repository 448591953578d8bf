import { erasedText } from './checkpoint.ts'

/** SQL that other modules put into their own statements, so that the tables of parcels are named here only. */

/** The orders in parcels: whether the carrier's words are not kept, and whether there are any. */
export const parcelErasures = `(select s.order_uid, s.is_erased,
                                       exists (select from parcel_checkpoints c where c.number = s.number and c.carrier = s.carrier
                                                                                  and c.text not in ('', '${erasedText}')) as has_words
                                  from parcel_shipments s)`

/** The shipments in parcels, by the number as `normalizeNumber` gives it. */
export const parcelShipments = '(select order_uid, shipment_id, number from parcel_shipments)'

/** The parcels that shipments are in, and what carriers say of them: see `ParcelState`. */
export const shipmentParcels = `(select s.order_uid, s.shipment_id, s.number,
                                        case when p.is_returning and p.status = 'delivered' then 'return_to_sender' else p.status end as status
                                   from parcel_shipments s join parcels p using (number, carrier))`
