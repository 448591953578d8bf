import type { Check } from '../platform/integrity.ts'
import { lastPosition } from './checkpoint.ts'
import { orderStreamType } from './stream-definition.ts'

/** The checkpoint is one that the log could not have given out yet. */
const isBeyondEnd = `(xid >= in_log(pg_snapshot_xmax(pg_current_snapshot()))
                      or position > (select last_value from events_position_seq))`

/** The checkpoint is the end of the log as it once was, from which a reader begins that wants only what is new. */
const isEnd = `(position = ${lastPosition} and xid < in_log(pg_snapshot_xmax(pg_current_snapshot())))`

/** What must hold of the log as a whole, its partitions and its readers. */
export const logChecks: readonly Check[] = [
  {
    name: 'log-end',
    sentence: 'no checkpoint of the log, and none that a reader has come to, is beyond its end',
    sql: `select 'event ' || sequence || ' of ' || stream_type || ' ' || stream_id from events where ${isBeyondEnd}
           union all
          select 'reader ' || name from log_readers where ${isBeyondEnd} and not ${isEnd}
           union all
          select 'seal of ' || partition from event_seals where ${isBeyondEnd}
           union all
          select 'beginning of the log' from event_log_start where ${isBeyondEnd}`,
  },
  {
    name: 'event-orders',
    sentence: 'events name the order that they concern where that is not their own stream',
    sql: `select 'event ' || sequence || ' of ' || stream_id from events
           where stream_type = '${orderStreamType}' and concerns_order is not null`,
  },
  {
    name: 'event-ids',
    sentence: 'no two events have the same id',
    sql: 'select position::text from events group by position having count(*) > 1',
  },
  {
    name: 'sealed-partitions',
    sentence: 'a part of the log that takes no more events is sealed with its bounds and its last checkpoint',
    sql: `select coalesce(s.partition, c.relname::text)
            from event_seals s
            full join (pg_trigger t join pg_class c on c.oid = t.tgrelid and t.tgname = 'sealed'
                       join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'events'::regclass)
              on c.relname::text = s.partition
            left join event_partitions p on p.name = s.partition
            left join lateral (select e.xid, e.position
                                 from events e
                                where e.recorded_at >= s.from_time and e.recorded_at < s.until_time
                                order by e.xid desc, e.position desc
                                limit 1) last on true
           where s.partition is null
              or c.relname is null
              or (s.from_time, s.until_time) is distinct from (p.from_time, p.until_time)
              or (s.xid, s.position) is distinct from (coalesce(last.xid, '0'), coalesce(last.position, 0))`,
  },
  {
    name: 'log-start',
    sentence: 'the log begins where its dropped part ends',
    sql: `select 'the log begins at ' || coalesce(s.recorded_before::text, 'its beginning') || ', its partitions at ' || p.from_time
            from (select min(from_time) as from_time from event_partitions) p
            left join event_log_start s on true
           where p.from_time > '-infinity' and s.recorded_before is distinct from p.from_time`,
  },
]
