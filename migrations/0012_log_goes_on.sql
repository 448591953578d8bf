-- The event log goes on in another cluster. Its order begins with the ids of transactions, and those begin anew in a cluster
-- into which the tables were restored from a dump: new events would sort before the old ones, and readers would miss them.
-- From now on a transaction has its place in the log by its id and a number that is added to it: 0, until the log has moved. So
-- places stay what they are: cursors stay valid, and no event is read twice or changes its id.
--
-- Nothing that is there changes. Older code goes on working beside it and after it, but not in a database that was restored.

-- What is added. A constant, which the planner puts in where it is used: it costs nothing, and continue_log() replaces it.
create function log_shift() returns bigint language sql immutable return 0;

-- The place of a transaction in the log.
create function in_log(id xid8) returns xid8 language sql immutable
return case when log_shift() = 0 then id else (id::text::bigint + log_shift())::text::xid8 end;

alter table events alter xid set default in_log(pg_current_xact_id());

create or replace function events_after(after_xid xid8, after_position bigint, events_max integer) returns setof events
language plpgsql stable rows 500 set enable_sort = off as $$
declare
  time_from timestamptz := (select coalesce(min(from_time) filter (where (xid, position) > (after_xid, after_position)),
                                            max(until_time), '-infinity')
                              from event_seals);
begin
  return query execute '
    select * from events
     where (xid, position) > ($1, $2) and xid < in_log(pg_snapshot_xmin(pg_current_snapshot())) and recorded_at >= $4
     order by xid, position
     limit $3' using after_xid, after_position, events_max, time_from;
end $$;

-- The last transaction of the log that anything here tells of.
create function last_log_xid() returns xid8 language plpgsql stable as $$
begin
  return (select xid
            from ((select xid from events order by xid desc limit 1)
                  union all select xid from log_readers
                  union all select xid from event_seals
                  union all select xid from event_log_start
                  union all select xid8 '0') known
           order by xid desc
           limit 1);
end $$;

-- Whether transactions would now get places that the log is past: it comes from another cluster.
create function is_log_ahead() returns boolean language sql stable
return last_log_xid() >= in_log(pg_snapshot_xmax(pg_current_snapshot()));

-- Lets the log go on behind everything that it has, and behind what was handed out of it after the backup was made: there is
-- a gap of a milliard transactions and as many positions, so that no place and no id of an event comes a second time. It waits
-- for whoever writes events, and they for it.
create function continue_log() returns void language plpgsql as $$
declare
  gap constant bigint := 1000000000;
  last bigint;
begin
  lock table events in access exclusive mode;
  last := greatest(last_log_xid(), in_log(pg_snapshot_xmax(pg_current_snapshot())))::text::bigint;
  execute format('create or replace function log_shift() returns bigint language sql immutable return %s::bigint',
                 last + gap - pg_current_xact_id()::text::bigint);
  perform setval('events_position_seq', nextval('events_position_seq') + gap);
end $$;
