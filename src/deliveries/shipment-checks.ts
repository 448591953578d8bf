import { droppedBefore, eventsOf } from '../events/event-sql.ts'
import { streamChecks } from '../events/stream-checks.ts'
import { shipmentMovements } from '../inventory/inventory-sql.ts'
import { erasedOrders, orderStatuses, orderUnits } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'
import { numberForm } from '../tracking/checkpoint.ts'
import { parcelErasures, shipmentParcels } from '../tracking/tracking-sql.ts'
import { shipmentEvents } from './events.ts'
import { isPromise } from './read-queries.ts'
import { shipmentStream } from './shipment-stream.ts'

/** What must hold of shipments. Each selects what breaks it. */

const events = eventsOf(shipmentStream.type, 'shipment_id')

/** How long a broken promise may wait for the worker. */
const lateToleranceMs = 120_000

/** A time as events carry it. */
const told = (time: string) => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The numbers of each shipment as events carry them. */
const toldNumbers = `(select shipment_id, jsonb_agg(jsonb_build_object('number', number, 'carrier', carrier, 'role', role, 'url', url,
                             'check', check_digit, 'status', status, 'added_at', ${told('added_at')}) order by added_at, number) as numbers
                        from shipment_tracking_numbers group by shipment_id)`

const toldRids = '(select shipment_id, jsonb_agg(rid order by line) as rids from shipment_units group by shipment_id)'

/** What the units of each order say of its delivery: see `deliveryStatusOf`. */
const statusesOfUnits = `
  (select order_uid,
          case when returned = units then 'returned'
               when delivered + returned = units then 'delivered'
               when delivered + returned > 0 then 'partially_delivered'
               when shipped = units then 'shipped'
               when shipped > 0 then 'partially_shipped'
               else 'unfulfilled' end as delivery_status
     from (select order_uid, count(*) filter (where place = 'shipped') as shipped,
                  count(*) filter (where place = 'delivered') as delivered, count(*) filter (where place = 'returned') as returned,
                  (select count(*) from ${orderUnits} o where o.order_uid = p.order_uid) as units
             from (select u.order_uid, case when u.returned_at is not null then 'returned' else s.state end as place
                     from shipment_units u join shipments s using (order_uid, shipment_id)
                    where s.state <> 'cancelled') p
            group by order_uid) counted)`

/** The times that a shipment has of its events. */
const timesOfEvents = `
  (select shipment_id, min(recorded_at) filter (where sequence = 1) as created_at,
          max(recorded_at) filter (where type = '${shipmentEvents.packed.type}') as packed_at,
          max(recorded_at) filter (where type = '${shipmentEvents.shipped.type}') as shipped_at,
          max(recorded_at) filter (where type = '${shipmentEvents.delivered.type}') as delivered_at,
          max(recorded_at) filter (where type = '${shipmentEvents.cancelled.type}') as cancelled_at,
          max(recorded_at) filter (where type = '${shipmentEvents.delayed.type}') as delayed_at,
          max(recorded_at) filter (where data::json ->> 'state' = 'returned') as returned_at
     from ${events} e group by shipment_id)`

/** When a shipment was expected, as its events say, and as the one before each says. */
const toldEstimates = `
  (select shipment_id, sequence, recorded_at, said.*, sequence = 1 as is_first,
          lag(said.promised_by) over w as promised_before, lag(said.estimated_delivery_at) over w as estimated_before
     from ${events} e
    cross join lateral json_to_record(e.data::json)
                    as said (promised_by timestamptz, estimated_delivery_at timestamptz, actor text)
   window w as (partition by shipment_id order by sequence))`

const rules: readonly Check[] = [
  {
    name: 'shipment-parts',
    sentence:
      'a shipment is of an order that is there, and of its units; each of those is in one shipment that is not cancelled',
    sql: `select s.shipment_id
            from shipments s
            left join ${orderStatuses} o using (order_uid)
           where o.order_uid is null or not exists (select from shipment_units u where u.shipment_id = s.shipment_id)
           union all
          select u.shipment_id || ': ' || u.line
            from shipment_units u
            left join shipments s using (order_uid, shipment_id)
            left join ${orderUnits} o using (order_uid, line)
           where s.state is null or u.is_live <> (s.state <> 'cancelled') or o.chrt_id is distinct from u.chrt_id
           union all
          select n.shipment_id || ': ' || n.number
            from shipment_tracking_numbers n
           where not exists (select from shipments s where s.order_uid = n.order_uid and s.shipment_id = n.shipment_id)`,
  },
  {
    name: 'shipment-state',
    sentence: 'a shipment, its units and its numbers are what its last event says',
    sql: `select s.shipment_id
            from shipments s
            join ${events} e on e.shipment_id = s.shipment_id and e.sequence = s.version
            left join ${toldRids} u on u.shipment_id = s.shipment_id
            left join ${toldNumbers} n on n.shipment_id = s.shipment_id
           cross join lateral json_to_record(e.data::json)
                           as said (state text, location text, carrier text, tracking_status text, promised_by text,
                                    estimated_delivery_at text, version text, reason text, actor text, rids jsonb, tracking_numbers jsonb)
           where (said.state, said.location, said.carrier, said.tracking_status, said.version, said.reason, said.actor, said.rids, said.tracking_numbers)
                 is distinct from (s.state, s.location, s.carrier, s.tracking, s.version::text, s.reason, s.actor, u.rids, coalesce(n.numbers, '[]'))
              or (said.promised_by, said.estimated_delivery_at)
                 is distinct from (${told('s.promised_by')}, ${told('s.estimated_delivery_at')})
              or e.recorded_at <> s.updated_at`,
  },
  {
    name: 'shipment-times',
    sentence: 'a shipment has the times of its events',
    sql: `select s.shipment_id
            from shipments s
            left join ${timesOfEvents} e using (shipment_id)
           where (${droppedBefore} is null or s.created_at >= ${droppedBefore})
             and ((s.created_at, s.packed_at, s.shipped_at, s.delivered_at, s.cancelled_at)
                  is distinct from (e.created_at, e.packed_at, e.shipped_at, e.delivered_at, e.cancelled_at)
                  or (s.returned_at is not null) <> (s.state = 'returned') or s.returned_at > e.returned_at
                  or (s.delayed_at is not null and s.delayed_at is distinct from e.delayed_at)
                  or (s.silent_at is not null) <> (s.state = 'shipped' and s.tracking is not distinct from 'expired')
                  or (s.silent_at is not null and not exists (
                        select from ${events} t where t.shipment_id = s.shipment_id and t.recorded_at = s.silent_at)))`,
  },
  {
    name: 'shipment-estimates',
    sentence: 'the history of when a shipment was expected is what its events say',
    sql: `select coalesce(e.shipment_id, h.shipment_id)
            from (select * from ${toldEstimates} e
                   where case when is_first then promised_by is not null or estimated_delivery_at is not null
                              else (promised_by, estimated_delivery_at) is distinct from (promised_before, estimated_before) end) e
            full join (select h.*, s.created_at
                         from shipment_estimates h left join shipments s using (order_uid, shipment_id)) h
                   on h.shipment_id = e.shipment_id and h.version = e.sequence
           where (${droppedBefore} is null or coalesce(h.created_at, e.recorded_at) >= ${droppedBefore})
             and ((e.promised_by, e.estimated_delivery_at, e.recorded_at, e.actor)
                  is distinct from (h.promised_by, h.estimated_delivery_at, h.recorded_at, h.source)
                  or h.created_at is null)`,
  },
  {
    name: 'shipment-erasure',
    sentence: 'of parcels no words of carriers are kept where the recipient of an order in them was erased',
    sql: `select p.order_uid
            from ${parcelErasures} p left join ${erasedOrders} o using (order_uid)
           where p.is_erased <> (o.order_uid is not null) or (p.is_erased and p.has_words)`,
  },
  {
    name: 'shipment-parcels',
    sentence:
      'the parcels of a shipment that may arrive are followed by its numbers, which have the status of their parcels',
    sql: `select n.shipment_id || ': ' || n.number
            from (select n.*, upper(regexp_replace(n.number, '[\\s.-]', '', 'g')) as form
                    from shipment_tracking_numbers n join shipments s using (order_uid, shipment_id)
                   where s.state not in ('cancelled', 'returned')) n
            left join (select order_uid, shipment_id, number, array_agg(status) as statuses
                         from ${shipmentParcels} p group by order_uid, shipment_id, number) p
                   on p.order_uid = n.order_uid and p.shipment_id = n.shipment_id and p.number = n.form
           where n.form ~ '${numberForm.source}'
             and (p.number is null or coalesce(n.status, 'unknown') <> all (p.statuses))`,
  },
  {
    name: 'shipment-stock',
    sentence:
      'the stock of units that have left was taken from where they say, and put back there when their shipment was cancelled',
    sql: `select coalesce(u.shipment_id, m.shipment_id) || ': ' || coalesce(u.chrt_id, m.chrt_id) || ' at ' || coalesce(u.location, m.location)
            from (select u.order_uid, u.shipment_id, u.chrt_id, u.shipped_from as location, count(*) as shipped,
                         count(*) filter (where u.was_reserved) as was_reserved,
                         count(*) filter (where s.state = 'cancelled') as put_back
                    from shipment_units u join shipments s using (order_uid, shipment_id)
                   where u.shipped_from is not null
                   group by u.order_uid, u.shipment_id, u.chrt_id, u.shipped_from) u
            full join ${shipmentMovements} m using (order_uid, shipment_id, chrt_id, location)
           where (u.shipped, u.was_reserved, u.put_back) is distinct from (m.shipped, m.was_reserved, m.put_back)
           union all
          select u.shipment_id || ': ' || u.line
            from shipment_units u join shipments s using (order_uid, shipment_id)
           where s.shipped_at is null and (u.shipped_from is not null or u.returned_at is not null)`,
  },
  {
    name: 'delivery-status',
    sentence: 'what is delivered of an order is what its units say',
    sql: `select o.order_uid
            from ${orderStatuses} o
            left join ${statusesOfUnits} u using (order_uid)
           where o.delivery_status::text <> coalesce(u.delivery_status, 'unfulfilled')`,
  },
]

/** An index holds just the shipments that this check reads. */
const lateCheck: Check = {
  name: 'shipments-late',
  sentence: 'no broken promise waits longer to be noticed than it may',
  sql: `select shipment_id from shipments
         where ${isPromise} and promised_by < $1`,
  audited: 'all',
  values: ({ nowMs }) => [new Date(nowMs - lateToleranceMs).toISOString()],
}

export const shipmentChecks: readonly Check[] = [
  ...streamChecks(shipmentStream).map(check => ({ ...check, name: `shipment-${check.name}` })),
  ...rules,
  lateCheck,
]
