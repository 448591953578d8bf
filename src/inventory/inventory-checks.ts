import { droppedBefore, eventsOf } from '../events/event-sql.ts'
import { streamChecks } from '../events/stream-checks.ts'
import type { Check } from '../platform/integrity.ts'
import { itemStreamType } from './events.ts'
import { itemStream } from './item-stream.ts'
import { levelSql } from './level-sql.ts'
import { stockLow } from './variables.ts'

/** What must hold of items and their stock. Each selects what breaks it. */

const events = eventsOf(itemStreamType, 'chrt_id')

/** How long an item may wait for the worker. */
const overdueToleranceMs = 120_000

/** The movements that `stock.adjusted` tells of: those of a shipment are told by its events, and a transfer is told with what leaves. */
const tellableMovements = `
  (select m.chrt_id, m.movement_id, m.location, m.kind, m.quantity, m.reason, m.actor, m.recorded_at,
          coalesce(m.external_id, c.external_id) as external_id
     from stock_movements m left join stock_counts c using (chrt_id, movement_id)
    where m.kind not in ('reserved', 'released', 'shipped') and m.shipment_id is null and (m.kind <> 'transferred' or m.quantity < 0))`

/** The time as a seed: a hash of the text alone costs half of one of a record with both. */
const microseconds = "(date_part('epoch', recorded_at) * 1000000)::bigint"

/**
 * Selects the items whose movements may not be what their events tell, by a digest of the text that the service writes: reading a million
 * events as JSON takes six seconds. Text that JSON escapes differs. Of a log whose older part was dropped, what came later is compared.
 */
const differingItems = `
  select coalesce(m.chrt_id, e.chrt_id) as chrt_id
    from (select chrt_id, count(*) as told,
                 bit_xor(hashtextextended(concat(
                   '{"chrt_id":', chrt_id, ',"movement_id":', movement_id, ',"location":"', location, '"',
                   kind, '","quantity":', quantity, ',"reason":"', reason, '","actor":"', actor,
                   '","external_id":', coalesce('"' || external_id || '"', 'null')), ${microseconds})) as digest
            from ${tellableMovements} m
           where recorded_at >= coalesce(${droppedBefore}, '-infinity')
           group by chrt_id) m
    full join (select chrt_id::bigint as chrt_id,
                      count(*) filter (where recorded_at >= coalesce(${droppedBefore}, '-infinity')) as told,
                      bit_xor(hashtextextended(
                        split_part(data, ',"to_location":', 1) ||
                        split_part(split_part(data, ',"location_stock":', 1), ',"kind":"', 2), ${microseconds})) as digest,
                      bool_and(data like '%}}' and recorded_at >= coalesce(${droppedBefore}, '-infinity')) as is_comparable
                 from ${events} e
                where type = 'stock.adjusted'
                group by e.chrt_id) e using (chrt_id)
   where (m.told, m.digest) is distinct from (e.told, e.digest) or not e.is_comparable`

const ruleChecks: readonly Check[] = [
  {
    name: 'stock-parts',
    sentence:
      'stock is of an item and a location that are there, and movements, counts and streams belong to tracked stock',
    sql: `select s.chrt_id || ' at ' || s.location from stock s left join items i using (chrt_id) left join locations l using (location)
           where i.chrt_id is null or l.location is null
           union all
          select 'a count of ' || c.chrt_id from stock_counts c left join stock s using (chrt_id, location) where s.chrt_id is null
           union all
          select 'the stream of ' || t.chrt_id from item_streams t where not exists (select from stock s where s.chrt_id = t.chrt_id)
           union all
          select 'no stream of ' || s.chrt_id from stock s where not exists (select from item_streams t where t.chrt_id = s.chrt_id)`,
  },
  {
    name: 'stock-numbers',
    sentence: 'what is on hand, reserved and unavailable is the sum of the movements',
    sql: `select coalesce(s.chrt_id, m.chrt_id) || ' at ' || coalesce(s.location, m.location)
            from stock s
            full join (select chrt_id, location, sum(on_hand) as on_hand, sum(reserved) as reserved, sum(unavailable) as unavailable
                         from stock_movements group by chrt_id, location) m using (chrt_id, location)
           where s.chrt_id is null
              or (s.on_hand, s.reserved, s.unavailable)
                 is distinct from (coalesce(m.on_hand, 0), coalesce(m.reserved, 0), coalesce(m.unavailable, 0))`,
  },
  {
    name: 'stock-limits',
    sentence: 'one location of a tracked item has its limit of back-orders, and each the number at which it is low',
    sql: `select s.chrt_id || ''
            from (select chrt_id, sum(backorder_limit) as backorder_limit, max(backorder_limit) as most,
                         min(coalesce(low_stock, -1)) as low_min, max(coalesce(low_stock, -1)) as low_max,
                         bool_or(backorder_bound > greatest(backorder_limit, reserved + unavailable - on_hand)) as is_loose
                    from stock group by chrt_id) s
            join items i using (chrt_id)
           where s.is_loose or s.most <> s.backorder_limit
              or s.backorder_limit <> case i.backorder when 'allow' then coalesce(i.backorder_limit, ${Number.MAX_SAFE_INTEGER}) else 0 end
              or s.low_min <> coalesce(i.low_stock, -1) or s.low_max <> coalesce(i.low_stock, -1)`,
  },
  {
    name: 'stock-times',
    sentence: 'the time that on_hand is known by is that of its last movement or count',
    sql: `select s.chrt_id || ' at ' || s.location
            from stock s
            left join (select chrt_id, location, max(recorded_at) as recorded_at
                         from stock_movements m
                        where on_hand <> 0
                          and not exists (select from stock_counts c where c.chrt_id = m.chrt_id and c.movement_id = m.movement_id)
                        group by chrt_id, location) m using (chrt_id, location)
            left join (select chrt_id, location, max(as_of) as as_of from stock_counts where is_applied group by chrt_id, location) c
                 using (chrt_id, location)
           where s.as_of is distinct from greatest(m.recorded_at, c.as_of)`,
  },
  {
    name: 'stock-transfers',
    sentence: 'what leaves a location by a transfer arrives at another',
    sql: `select m.chrt_id || ' by movement ' || m.movement_id
            from (select chrt_id, movement_id, location, quantity, external_id,
                         (-quantity, reason, actor, recorded_at) as part,
                         lead((quantity, reason, actor, recorded_at)) over w as next,
                         lag((quantity, reason, actor, recorded_at)) over w as previous,
                         lead(location) over w as to_location
                    from stock_movements
                   where kind = 'transferred'
                  window w as (partition by chrt_id order by movement_id)) m
           where case when m.quantity < 0 then m.next is distinct from m.part or m.to_location = m.location
                      else m.previous is distinct from m.part or m.external_id is not null end`,
  },
  {
    name: 'stock-counts',
    sentence: 'a count that was applied has changed on_hand by its difference, as a movement says',
    sql: `select c.chrt_id || ' by count ' || c.count_id
            from stock_counts c
            left join stock_movements m using (chrt_id, movement_id)
           where c.movement_id is not null
             and (m.kind, m.location, m.quantity, m.reason, m.actor, m.recorded_at)
                 is distinct from ('adjusted', c.location, c.counted - c.on_hand, c.reason, c.actor, c.recorded_at)`,
  },
  {
    name: 'stock-events',
    sentence: 'each movement of a person or another system is told by one event, as it is',
    sql: `with differing as materialized (${differingItems})
          select coalesce(m.chrt_id, e.item) || ' by movement ' || coalesce(m.movement_id, e.movement_id)
            from (select * from ${tellableMovements} m where chrt_id = any(array(select chrt_id from differing))) m
            full join (select e.chrt_id::bigint as item, e.recorded_at, said.*
                         from ${events} e
                        cross join lateral json_to_record(e.data::json)
                                        as said (chrt_id bigint, movement_id bigint, location text, kind text, quantity bigint, reason text,
                                                 actor text, external_id text)
                        where e.type = 'stock.adjusted' and e.chrt_id = any(array(select chrt_id::text from differing))) e
                   on e.item = m.chrt_id and e.movement_id = m.movement_id
           where m.chrt_id is null
              or (e.item is null and (${droppedBefore} is null or m.recorded_at >= ${droppedBefore}))
              or (e.item is not null
                  and (e.chrt_id, e.location, e.kind, e.quantity, e.reason, e.actor, e.external_id, e.recorded_at)
                      is distinct from (m.chrt_id, m.location, m.kind, m.quantity, m.reason, m.actor, m.external_id, m.recorded_at))`,
  },
]

/** Level told, unless the worker has still to look. */
const levelCheck: Check = {
  name: 'stock-levels',
  sentence: 'what was last told of the level of an item is so, unless the item waits for the worker',
  sql: `select t.chrt_id || ''
          from item_streams t
          join (select chrt_id, sum(on_hand - reserved - unavailable) as available, coalesce(min(low_stock), $1::bigint) as low_stock
                  from stock group by chrt_id) s using (chrt_id)
         where t.level <> ${levelSql('s.available', 's.low_stock')}
           and not exists (select from stock_due d where d.chrt_id = t.chrt_id)`,
  values: ({ value }) => [String(value(stockLow))],
}

const overdueCheck: Check = {
  name: 'stock-overdue',
  sentence: 'no item waits longer for the worker than it may',
  sql: `select chrt_id || '' from stock_due where since < $1`,
  audited: 'all',
  values: ({ nowMs }) => [new Date(nowMs - overdueToleranceMs).toISOString()],
}

export const inventoryChecks: readonly Check[] = [
  ...streamChecks(itemStream).map(check => ({ ...check, name: `item-${check.name}` })),
  ...ruleChecks,
  levelCheck,
  overdueCheck,
]
