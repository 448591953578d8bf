import { streamChecks } from '../events/stream-checks.ts'
import { orderStatuses, unitsOf } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'
import { cartReleases, reallocation } from './reservation.ts'
import { reservationStream } from './reservation-events.ts'

/** The checks of reservations and of orders that wait for stock. What is checked of stock and movements is in stock-checks.ts. */

/** How long past its end a reservation may wait for the worker. */
const expiryToleranceMs = 60_000

const reserved = "state in ('held', 'committed')"

const releases = Object.values(cartReleases).join(',')

const checks: readonly Check[] = [
  {
    name: 'stock-reserved',
    sentence: 'what is reserved of an item at a location is what orders hold of it',
    sql: `select chrt_id || ' at ' || location
            from stock s
            full join (select chrt_id, location, sum(quantity - shipped) as held
                         from stock_reservations where ${reserved} group by chrt_id, location) r using (chrt_id, location)
           where coalesce(s.reserved, 0) <> coalesce(r.held, 0)`,
  },
  {
    name: 'reservation-movements',
    sentence:
      'what an order holds of an item at a location is what its movements have reserved, released and shipped, and each reservation has its movement; what a cart gave back has no reservation any more',
    sql: `select order_uid || ': ' || chrt_id || ' at ' || location
            from (select order_uid, chrt_id, location, quantity,
                         case when ${reserved} then quantity - shipped else 0 end as held
                    from stock_reservations) r
            full join (select order_uid, chrt_id, location, sum(reserved) as held,
                              (array_agg(quantity order by movement_id desc) filter (where kind = 'reserved'))[1] as quantity,
                              (array_agg(reason order by movement_id desc))[1] as reason,
                              bool_or(reason = '${reallocation}') as was_moved
                         from stock_movements where order_uid is not null group by order_uid, chrt_id, location) m
           using (order_uid, chrt_id, location)
           where coalesce(r.held, 0) <> coalesce(m.held, 0) or (r.quantity is distinct from m.quantity and (r.quantity is not null or m.reason <> all ('{${releases}}')) and not m.was_moved)`,
  },
  {
    name: 'reservation-orders',
    sentence:
      'an order holds stock as its status says: pending for a time, confirmed and on hold until it is over, then no more; a cart holds some for a time',
    sql: `select r.order_uid || ': ' || r.chrt_id || ' at ' || r.location
            from stock_reservations r
            left join ${orderStatuses} o using (order_uid)
           where case o.status::text
                 when 'pending' then r.state not in ('held', 'expired')
                 when 'confirmed' then r.state = 'held'
                 when 'on_hold' then r.state = 'held'
                 when 'completed' then r.state in ('held', 'committed')
                 when 'cancelled' then r.state in ('held', 'committed')
                 when 'expired' then r.state in ('held', 'committed')
                 else r.cart_id is null
                 end
              or (o.status is not null and r.cart_id is not null)
              or (r.cart_id is not null and r.state <> 'held')
              or (r.state = 'held') <> (r.expires_at is not null)
              or r.updated_at < r.reserved_at`,
  },
  {
    name: 'waiting-orders',
    sentence: 'an order waits for items while it is confirmed or on hold, and holds none meanwhile',
    sql: `select order_uid
            from (select order_uid, since, state, holds_order, version, updated_at from stock_waits) w
            full join (select order_uid, count(*) as items, min(since) as first, max(since) as last
                         from stock_shortfalls group by order_uid) f using (order_uid)
            left join ${orderStatuses} o using (order_uid)
           where (f.items is not null) <> (w.state is not distinct from 'waiting')
              or (f.items is not null and (f.first, f.last) is distinct from (w.since, w.since))
              or o.status is null
              or (w.state = 'waiting' and o.status::text not in ('confirmed', 'on_hold'))
              or (w.state = 'waiting' and w.holds_order and o.status::text <> 'on_hold')
              or (w.state <> 'waiting' and w.holds_order)
              or (w.state = 'waiting' and exists (select from stock_reservations r where r.order_uid = w.order_uid and ${reserved}))
              or w.updated_at < w.since`,
  },
  {
    name: 'waiting-units',
    sentence: 'an order waits for all of its units of an item',
    sql: `select order_uid || ': ' || chrt_id from stock_shortfalls f where missing <> ${unitsOf('f.order_uid', 'f.chrt_id')}`,
  },
]

/** An index holds just the reservations that this check reads. */
const expiryCheck: Check = {
  name: 'reservation-expiry',
  sentence: 'no reservation is kept longer than it may be',
  sql: `select order_uid || ': ' || chrt_id || ' at ' || location from stock_reservations where expires_at < $1`,
  audited: 'all',
  values: ({ nowMs }) => [new Date(nowMs - expiryToleranceMs).toISOString()],
}

export const reservationChecks: readonly Check[] = [
  ...streamChecks(reservationStream).map(check => ({ ...check, name: `reservation-${check.name}` })),
  ...checks,
  expiryCheck,
]
