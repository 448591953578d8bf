/** SQL that other modules put into their own statements, so that the tables of orders are named here only. */

/** The uid of every order. */
export const orderUids = '(select order_uid from orders)'

/** Orders with what is booked of them: whether they arrived paid, what for, and through whom. */
export const bookedOrders = `(select order_uid, currency, amount, created_at, coalesce(payment_dt, 0) > 0 as arrived_paid,
                                     coalesce(provider, '') as provider
                                from orders
                               cross join lateral json_to_record(document::json -> 'payment')
                                               as payment (payment_dt numeric, provider text))`

/** The status of every order, and what is paid and delivered of it. */
export const orderStatuses = '(select order_uid, status, payment_status, delivery_status from orders)'

/** How many units of an item an order is of. @param orderUid SQL, like the other */
export const unitsOf = (orderUid: string, chrtId: string) =>
  `(select count(*) from order_items where order_uid = ${orderUid} and chrt_id = ${chrtId})`

/** The units of every order: its items, by their places in the document. */
export const orderUnits = '(select order_uid, line, chrt_id from order_items)'

/** How many units an order has. @param orderUid SQL */
export const unitCountOf = (orderUid: string) => `(select count(*)::int from order_items where order_uid = ${orderUid})`

/** Orders whose recipient was erased. */
export const erasedOrders = '(select order_uid, customer_id from orders where sent_digest is not null)'

/** The date of an order's document, in milliseconds since 1970. @param orderUid SQL */
export const createdAtOf = (orderUid: string) =>
  `(select (extract(epoch from created_at) * 1000)::float8 from orders where order_uid = ${orderUid})`

/** What becomes of every order, when it last changed, and whether its recipient was erased. */
export const trackedOrders = `(select order_uid, status, delivery_status, created_at, updated_at, sent_digest is not null as is_erased
                                 from orders)`
