/** SQL that other modules put into their own statements, so that the tables of parcels are named here only. */

/** The shipments in parcels, by the number as `normalizeNumber` gives it. */
export const parcelShipments = '(select order_uid, shipment_id, number from parcel_shipments)'

/** The parcels that shipments are in, and what carriers say of them: see `ParcelState`. */
export const shipmentParcels = `(select s.order_uid, s.shipment_id, s.number,
                                        case when p.is_returning and p.status = 'delivered' then 'return_to_sender' else p.status end as status
                                   from parcel_shipments s join parcels p using (number, carrier))`
