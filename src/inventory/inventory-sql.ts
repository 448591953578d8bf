/** SQL that other modules put into their own statements, so that the tables of stock are named here only. */

/** What was taken from stock and put back there with each shipment, by item and location. */
export const shipmentMovements = `(select order_uid, shipment_id, chrt_id, location,
                                          coalesce(sum(quantity) filter (where kind = 'shipped'), 0) as shipped,
                                          coalesce(sum(-reserved) filter (where kind = 'shipped'), 0) as was_reserved,
                                          coalesce(sum(quantity) filter (where kind = 'returned'), 0) as put_back
                                     from stock_movements
                                    where shipment_id is not null
                                    group by order_uid, shipment_id, chrt_id, location)`

/** Units that came back, as they were recorded under a name. */
export const returnedMovements = `(select chrt_id, external_id, location, quantity, unavailable, recorded_at
                                     from stock_movements
                                    where kind = 'returned' and external_id is not null)`
