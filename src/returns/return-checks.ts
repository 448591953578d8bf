import { shippedUnits } from '../deliveries/delivery-sql.ts'
import { droppedBefore, eventsOf } from '../events/event-sql.ts'
import { streamChecks } from '../events/stream-checks.ts'
import { returnedMovements } from '../inventory/inventory-sql.ts'
import { bookedOrders } from '../orders/order-sql.ts'
import { operationRows } from '../payments/payment-sql.ts'
import type { Check } from '../platform/integrity.ts'
import { returnEvents } from './events.ts'
import { returnStream } from './return-stream.ts'

/** What must hold of returns. Each selects what breaks it. */

const events = eventsOf(returnStream.type, 'return_id')

/** How long a refund may wait for the worker. */
const overdueToleranceMs = 120_000

/** A time as events carry it. */
const told = (time: string) => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The units of each return as events carry them. */
const toldUnits = `
  (select return_id, jsonb_agg(jsonb_build_object('rid', rid, 'line', line, 'chrt_id', chrt_id, 'shipment_id', shipment_id,
                       'amount', amount, 'condition', condition, 'location', location, 'received_at', ${told('received_at')})
                     order by line) as units
     from return_units group by return_id)`

/** The times that a return has of its events. */
const timesOfEvents = `
  (select return_id, ${(['requested', 'approved', 'received', 'refunded', 'rejected', 'cancelled'] as const)
    .map(name => `max(recorded_at) filter (where type = '${returnEvents[name].type}') as ${name}_at`)
    .join(', ')}
     from ${events} e group by return_id)`

const rules: readonly Check[] = [
  {
    name: 'return-parts',
    sentence:
      'a return is of units of an order that have left; each of those is in one return that is not over without it',
    sql: `select r.return_id
            from returns r
           where not exists (select from return_units u where u.order_uid = r.order_uid and u.return_id = r.return_id)
           union all
          select u.return_id || ': ' || u.line
            from return_units u
            left join returns r using (order_uid, return_id)
            left join ${shippedUnits} s using (order_uid, shipment_id, line)
           where r.state is null or s.chrt_id is null or (u.chrt_id, u.rid) <> (s.chrt_id, s.rid)
              or u.is_live <> (r.state not in ('rejected', 'cancelled') and u.condition is distinct from 'missing')
              or (r.state in ('received', 'refunded') and u.condition is null)`,
  },
  {
    name: 'return-units',
    sentence: 'the units of a shipment that came back are those that returns have received, at the same time',
    sql: `select coalesce(u.shipment_id, s.shipment_id) || ': ' || coalesce(u.line, s.line)
            from (select order_uid, shipment_id, line, received_at from return_units where condition in ('restock', 'damaged')) u
            full join (select * from ${shippedUnits} s where returned_at is not null) s using (order_uid, shipment_id, line)
           where u.received_at is distinct from s.returned_at`,
  },
  {
    name: 'return-state',
    sentence: 'a return and its units are what its last event says',
    sql: `select r.return_id
            from returns r
            join ${events} e on e.return_id = r.return_id and e.sequence = r.version
            left join ${toldUnits} u on u.return_id = r.return_id
           cross join lateral json_to_record(e.data::json)
                           as said (state text, currency text, units jsonb, refunded bigint, fee bigint, delivery bigint, version text, reason text, actor text)
           where (said.state, said.currency, said.units, said.version, said.reason, said.actor)
                 is distinct from (r.state, r.currency, u.units, r.version::text, r.reason, r.actor)
              or (r.state = 'refunded' and (said.refunded, said.fee, said.delivery, said.reason, said.actor)
                                           is distinct from (r.refunded, r.refund_fee, r.refund_delivery, r.refund_reason, r.refund_actor))
              or e.recorded_at <> r.updated_at`,
  },
  {
    name: 'return-times',
    sentence: 'a return has the times of its events',
    sql: `select r.return_id
            from returns r
            left join ${timesOfEvents} e using (return_id)
           where (${droppedBefore} is null or r.created_at >= ${droppedBefore})
             and (r.created_at, r.approved_at, r.received_at, r.refunded_at, r.rejected_at, r.cancelled_at)
                 is distinct from (e.requested_at, e.approved_at, e.received_at, e.refunded_at, e.rejected_at, e.cancelled_at)`,
  },
  {
    name: 'return-stock',
    sentence: 'a unit that is in stock again is a movement to its location, into quarantine if it is damaged',
    sql: `select coalesce(u.return_id || ':' || u.line, m.external_id)
            from (select * from return_units where is_stocked) u
            full join (select * from ${returnedMovements} m
                        where exists (select from returns r where r.return_id = split_part(m.external_id, ':', 1))) m
                   on m.chrt_id = u.chrt_id and m.external_id = u.return_id || ':' || u.line
           where (u.location, 1, u.condition = 'damaged', u.received_at)
                 is distinct from (m.location, m.quantity, m.unavailable > 0, m.recorded_at)`,
  },
  {
    name: 'return-refunds',
    sentence:
      'what a return has refunded is what its operations have, of payments of its order; and no more than its order cost',
    sql: `select r.return_id
            from returns r
            left join lateral (select count(*) as operations, coalesce(sum(o.amount), 0) as amount
                                 from ${operationRows} o
                                where o.order_uid = r.order_uid and o.operation_id = any(r.refund_operations)
                                  and o.kind = 'refund' and o.settled_at is not null) o on true
           where o.amount <> r.refunded or o.operations <> cardinality(r.refund_operations)
              or (r.refund_state is null and (r.refund_amount, r.refund_fee, r.refund_delivery, r.refunded, r.refund_reason, r.refund_actor)
                                         <> (0, 0, 0, 0, '', ''))
           union all
          select u.order_uid
            from return_units u
            join ${bookedOrders} b using (order_uid)
           where u.is_live
           group by u.order_uid, b.amount
          having sum(u.amount) > b.amount`,
  },
]

const overdueCheck: Check = {
  name: 'return-refunds-overdue',
  sentence: 'no refund of a return waits for the worker longer than it may',
  sql: 'select return_id from returns where refund_due_at < $1',
  audited: 'all',
  values: ({ nowMs }) => [new Date(nowMs - overdueToleranceMs).toISOString()],
}

export const returnChecks: readonly Check[] = [
  ...streamChecks(returnStream).map(check => ({ ...check, name: `return-${check.name}` })),
  ...rules,
  overdueCheck,
]
