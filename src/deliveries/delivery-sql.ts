/** SQL that other modules put into their own statements, so that the tables of shipments are named here only. */

/** The units of shipments that have left, and when they came back. */
export const shippedUnits = `(select order_uid, shipment_id, line, rid, chrt_id, u.returned_at
                                from shipment_units u join shipments s using (order_uid, shipment_id)
                               where s.shipped_at is not null)`
