import { eventsOf } from '../events/event-sql.ts'
import { streamChecks } from '../events/stream-checks.ts'
import { bookedOrders, orderStatuses, unitsOf } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'
import { cartStream, cartStreamType } from './events.ts'

/** What must hold of carts. Each selects what breaks it. */

const events = eventsOf(cartStreamType, 'cart_id')

/** How long past its time a cart may wait for the worker. */
const overdueToleranceMs = 600_000

export const cartChecks: readonly Check[] = [
  ...streamChecks(cartStream).map(check => ({ ...check, name: `cart-${check.name}` })),
  {
    name: 'cart-state',
    sentence:
      'a cart is checked out, merged or abandoned if its events say so, and was created when the first one says',
    sql: `select c.cart_id
            from carts c
            join (select cart_id,
                         max(recorded_at) as last_at,
                         bool_or(type = 'cart.checked_out') as is_checked_out,
                         max(data::json ->> 'into') filter (where type = 'cart.merged') as merged_into,
                         max(recorded_at) filter (where type = 'cart.abandoned') as abandoned_at,
                         max(recorded_at) filter (where type = 'cart.created') as created_at,
                         max(data::json ->> 'currency') filter (where type = 'cart.created') as currency
                    from ${events} e group by cart_id) e using (cart_id)
           where e.is_checked_out <> (c.state in ('checking_out', 'checked_out'))
              or e.merged_into is distinct from c.merged_into
              or e.abandoned_at is distinct from c.abandoned_at
              or e.last_at <> c.recorded_at
              or (e.created_at is not null and (e.created_at, e.currency) <> (c.created_at, c.currency))`,
  },
  {
    name: 'cart-orders',
    sentence:
      'a cart that is checked out became an order of its own, in its currency and of the total that its event says',
    sql: `select c.cart_id
            from carts c
            left join ${bookedOrders} o on o.order_uid = c.order_uid
            left join ${events} e on e.cart_id = c.cart_id and e.type = 'cart.checked_out'
           where c.order_uid is not null
             and (o.order_uid is null
                  or c.order_uid <> 'ord_' || substr(c.cart_id, 6)
                  or o.currency <> c.currency
                  or (e.cart_id is not null and (e.data::json ->> 'total')::bigint <> o.amount))`,
  },
  {
    name: 'cart-lines',
    sentence: 'the lines of a cart are of different items, and of one unit or more',
    sql: `select c.cart_id
            from carts c
            left join lateral (select count(*) as lines, count(distinct chrt_id) as items, min(quantity) as least
                                 from json_to_recordset(c.lines::json) l (chrt_id bigint, quantity integer)) l on true
           where l.lines <> l.items or l.least < 1`,
  },
  {
    name: 'customer-units',
    sentence: 'what a customer has ordered of a limited item is in an order that is neither cancelled nor expired',
    sql: `select c.order_uid || ': ' || c.chrt_id
            from customer_units c
            left join ${orderStatuses} o using (order_uid)
           where o.status is null or o.status::text in ('cancelled', 'expired') or c.units <> ${unitsOf('c.order_uid', 'c.chrt_id')}`,
  },
  {
    name: 'cart-times',
    sentence: 'a cart is not changed before it is created, and expires after its last change',
    sql: 'select cart_id from carts where updated_at < created_at or expires_at <= updated_at',
  },
  {
    name: 'carts-overdue',
    sentence: 'no cart waits longer for the worker than it may',
    sql: 'select cart_id from carts where next_look_at < $1',
    audited: 'all',
    values: ({ nowMs }) => [new Date(nowMs - overdueToleranceMs).toISOString()],
  },
]
