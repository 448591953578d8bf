-- What one request reads of the log is bounded, whatever it asks for. A filter by type walks an index of its own; without one it
-- read the whole log to find nothing.
--
-- Nearly every event is an order placed, and those are not in the index: the intake writes nothing more than before, and whoever
-- asks for them finds them everywhere. Writers wait while it is made, about half a second for every million events. Partitions
-- that are added get it by themselves. New functions and an index only: the code before it goes on working.

create index events_by_type on events (type, xid, position) where type <> 'order.placed';
-- Dead letters are found by everything that a list of them can be narrowed to.
create index dead_letters_by_kind on dead_letters (topic, code, state, id);

-- Events before a place that no running transaction can still precede, newest first. Planned like events_after, and for the same
-- reasons.
create function events_before(before_xid xid8, before_position bigint, events_max integer) returns setof events
language plpgsql stable rows 500 set enable_sort = off as $$
begin
  return query execute '
    select * from events
     where (xid, position) < ($1, $2) and xid < in_log(pg_snapshot_xmin(pg_current_snapshot()))
     order by xid desc, position desc
     limit $3' using before_xid, before_position, events_max;
end $$;

-- The same of some types, which must not be order.placed: each type's first ones, out of its part of the index, for the caller to
-- take the first of all.
create function events_of_types_after(types text[], after_xid xid8, after_position bigint, events_max integer)
returns setof events language plpgsql stable rows 500 set enable_sort = off as $$
declare
  time_from timestamptz := (select coalesce(min(from_time) filter (where (xid, position) > (after_xid, after_position)),
                                            max(until_time), '-infinity')
                              from event_seals);
  wanted text;
begin
  foreach wanted in array types loop
    return query execute '
      select * from events
       where type = $5 and type <> ''order.placed''
         and (xid, position) > ($1, $2) and xid < in_log(pg_snapshot_xmin(pg_current_snapshot())) and recorded_at >= $4
       order by xid, position
       limit $3' using after_xid, after_position, events_max, time_from, wanted;
  end loop;
end $$;

create function events_of_types_before(types text[], before_xid xid8, before_position bigint, events_max integer)
returns setof events language plpgsql stable rows 500 set enable_sort = off as $$
declare
  wanted text;
begin
  foreach wanted in array types loop
    return query execute '
      select * from events
       where type = $4 and type <> ''order.placed''
         and (xid, position) < ($1, $2) and xid < in_log(pg_snapshot_xmin(pg_current_snapshot()))
       order by xid desc, position desc
       limit $3' using before_xid, before_position, events_max, wanted;
  end loop;
end $$;
