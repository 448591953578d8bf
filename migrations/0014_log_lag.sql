-- How far readers are behind is measured against every committed event. Until now it was measured against those that a reader
-- may see, so that an open transaction, which keeps new events from all readers, also made every lag read 0.
-- A new function only: the code before it goes on working.

-- When the first committed event behind a place was recorded, whether readers may see it yet or not; null when there is none.
-- Planned like events_after, and for the same reasons.
create function first_event_after(after_xid xid8, after_position bigint) returns timestamptz
language plpgsql stable set enable_sort = off as $$
declare
  time_from timestamptz := (select coalesce(min(from_time) filter (where (xid, position) > (after_xid, after_position)),
                                            max(until_time), '-infinity')
                              from event_seals);
  recorded timestamptz;
begin
  execute '
    select recorded_at from events
     where (xid, position) > ($1, $2) and recorded_at >= $3
     order by xid, position
     limit 1' into recorded using after_xid, after_position, time_from;
  return recorded;
end $$;
