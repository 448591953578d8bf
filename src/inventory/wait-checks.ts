import { eventsOf } from '../events/event-sql.ts'
import { unitsOf } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'
import { reallocation } from './reservation.ts'
import { reservationStreamType } from './reservation-events.ts'

/** The checks of what events say of orders that wait for stock. They compare what is kept of the log. */

const events = eventsOf(reservationStreamType, 'order_uid')

export const waitChecks: readonly Check[] = [
  {
    name: 'waiting-events',
    sentence:
      'the last event of an order that waits for stock, or has waited, says whether it got it, and is as old as the wait says',
    sql: `select w.order_uid
            from stock_waits w
            join (select order_uid, max(sequence) as sequence from ${events} e group by order_uid) last using (order_uid)
            join ${events} e using (order_uid, sequence)
           where e.type <> case w.state when 'allocated' then 'stock.allocated' else 'stock.shortfall' end
              or e.recorded_at not between w.since and w.updated_at
              or (w.state = 'allocated' and e.recorded_at <> w.updated_at)`,
  },
  {
    name: 'shortfall-events',
    sentence: 'stock.shortfall names items that the order wants more of than there was, and waits for until it is over',
    sql: `select e.order_uid || ': ' || said.chrt_id
            from ${events} e
            join stock_waits w using (order_uid)
           cross join lateral json_to_recordset(e.data::json -> 'items') as said(chrt_id bigint, wanted bigint, "left" bigint)
            left join stock_shortfalls f on f.order_uid = e.order_uid and f.chrt_id = said.chrt_id
           where e.type = 'stock.shortfall'
             and (said.wanted <> ${unitsOf('e.order_uid', 'said.chrt_id')}
                  or said."left" >= said.wanted
                  or (w.state = 'waiting') <> (f.order_uid is not null))`,
  },
  {
    name: 'allocation-events',
    sentence:
      'stock.allocated names what the order has reserved since, item by item and location by location, unless it left from elsewhere',
    sql: `select order_uid || ': ' || chrt_id || ' at ' || location
            from (select e.order_uid, said.*
                    from ${events} e
                   cross join lateral json_to_recordset(e.data::json -> 'items') as said(chrt_id bigint, location text, quantity bigint)
                   where e.type = 'stock.allocated') said
            full join (select order_uid, chrt_id, location, quantity
                         from stock_reservations
                        where state <> 'expired'
                          and order_uid in (select order_uid from ${events} e where e.type = 'stock.allocated')) kept
           using (order_uid, chrt_id, location)
           where said.quantity is distinct from kept.quantity
             and not exists (select from stock_movements m
                              where m.chrt_id = coalesce(said.chrt_id, kept.chrt_id) and m.reason = '${reallocation}'
                                and m.order_uid = coalesce(said.order_uid, kept.order_uid))`,
  },
]
