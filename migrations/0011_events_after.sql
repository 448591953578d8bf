-- Reading the log behind a place, always through its index. A new function only: the code before it goes on working.
--
-- The planner judges how many events are behind a place by statistics, which know little of the newest and nothing of what was
-- written since. Where it believes in a handful, it fetches all there are and sorts them, and with them the pages of a reader
-- that is a million events behind take a million events each. So sorting is made to look dear here, and what is left is to
-- merge the partitions' indexes in their order, and to stop with the page.

-- Events that no running transaction can still precede, in the order of the log. What is behind the place was recorded from
-- some time on: the partitions before that, which are sealed and which the place has passed, are not even planned for.
create function events_after(after_xid xid8, after_position bigint, events_max integer) returns setof events
language plpgsql stable rows 500 set enable_sort = off as $$
declare
  time_from timestamptz := (select coalesce(min(from_time) filter (where (xid, position) > (after_xid, after_position)),
                                            max(until_time), '-infinity')
                              from event_seals);
begin
  return query execute '
    select * from events
     where (xid, position) > ($1, $2) and xid < pg_snapshot_xmin(pg_current_snapshot()) and recorded_at >= $4
     order by xid, position
     limit $3' using after_xid, after_position, events_max, time_from;
end $$;
