-- The event log in partitions by time, so that its old part can be dropped at once and leaves no holes behind.
--
-- Older code goes on working beside it and after it: it names the columns that it writes, and nothing of what it reads has
-- moved. It makes no partitions, so what it writes after those that are there have run out goes into events_default, which
-- becomes a partition like the others when newer code comes by.
--
-- What is there already becomes the first partition as it is: no row is moved and no index is built. The table is read twice
-- (for its newest time, and to prove its bounds), about a second for every million events, while writers wait.
--
-- Each partition has the primary key (order_uid, sequence) itself, which is less to write and says more than one of the whole
-- table could: that would have to include recorded_at. Over all partitions the pair is unique because sequence 1 is written
-- in the transaction that inserts the order, whose key is order_uid, and every other under the order's lock, with the version
-- after the one that was read under it. `verify` checks that it is so.

lock table events;

alter table events rename to events_first;
alter table events_first rename constraint events_pkey to events_first_pkey;
alter index events_in_log_order rename to events_first_in_log_order;

-- The columns are those that the table has by now.
create table events (like events_first including defaults including constraints) partition by range (recorded_at);
create index events_in_log_order on events (xid, position);

-- Positions go on behind the last one that was given out: an event's position is its id for ever.
do $$
declare
  last_position bigint := (select case when is_called then last_value else 0 end from events_position_seq);
begin
  alter table events_first alter position drop identity;
  create sequence events_position_seq as bigint cache 100 owned by events.position;
  perform setval('events_position_seq', last_position + 1, false);
end $$;

alter table events alter position set default nextval('events_position_seq');

-- The bounds of the partitions, infinite where they have none. events_default, for what no other takes, is not among them.
create view event_partitions as
select c.relname::text as name,
       coalesce(substring(bounds.text from 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity') as from_time,
       coalesce(substring(bounds.text from 'TO \(''([^'']+)''\)')::timestamptz, 'infinity') as until_time
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
 cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as text) bounds
 where i.inhparent = 'events'::regclass and bounds.text <> 'DEFAULT';

-- Partitions that take no more events, with the last place that each holds. A reader that is past that place need not look
-- into them, and since they never change again, what is once past stays so.
create table event_seals (
  partition  text        primary key,
  from_time  timestamptz not null,
  until_time timestamptz not null,
  xid        xid8        not null,
  position   bigint      not null
);

-- What was dropped of the log, if anything.
create table event_log_start (
  only_row        boolean     primary key default true check (only_row),
  xid             xid8        not null, -- the last place that was dropped: a reader that is not past it has missed something
  position        bigint      not null,
  recorded_before timestamptz not null
);

-- Takes an event that comes to a partition where it must not be: to a sealed one, or to events_default although there are
-- others for its time, or for the time to come. Its writer's clock is wrong by a day or more, and the time of the database
-- takes the place of its time.
create function correct_event_time() returns trigger language plpgsql as $$
declare
  sealed_until timestamptz := greatest((select max(until_time) from event_seals),
                                       (select recorded_before from event_log_start));
  last_until   timestamptz := (select max(until_time) from event_partitions);
begin
  if tg_table_name = 'events_default' and new.recorded_at >= last_until
     and new.recorded_at < greatest(now(), last_until) + interval '1 day' then
    return new;
  end if;
  new.recorded_at := greatest(now(), sealed_until);
  insert into events select new.*;
  return null;
end $$;

create function create_default_event_partition() returns void language plpgsql as $$
begin
  create table events_default partition of events default;
  alter table events_default add constraint events_default_pkey primary key (order_uid, sequence);
  create trigger correct_time before insert on events_default for each row execute function correct_event_time();
end $$;

-- The first instant of the day after, by the calendar of UTC.
create function day_after(moment timestamptz) returns timestamptz language sql immutable
return (date_trunc('day', moment at time zone 'utc') + interval '1 day') at time zone 'utc';

-- Adds the partition that follows the last one. It is made with its indexes first and attached then, so that writers do not
-- wait, and readers only while events_default is looked through, which is empty. Where it is not, since partitions had run
-- out, events_default becomes the partition itself: no row is moved, and everybody waits while it is read once.
create function add_event_partition(until_time timestamptz) returns void language plpgsql as $$
declare
  from_time timestamptz := (select max(p.until_time) from event_partitions p);
  name      text        := 'events_' || to_char(from_time at time zone 'utc', 'YYYYMMDD');
begin
  if exists (select from events_default) then
    lock table events in access exclusive mode;
    until_time := greatest(until_time, day_after((select max(recorded_at) from events_default)));
    alter table events detach partition events_default;
    drop trigger correct_time on events_default;
    alter table events_default rename constraint events_default_pkey to events_renamed_pkey;
    execute format('alter table events_default rename constraint events_renamed_pkey to %I', name || '_pkey');
    execute format('alter table events_default rename to %I', name);
    perform create_default_event_partition();
  else
    execute format('create table %I (like events including defaults including constraints)', name);
    execute format('alter table %I add primary key (order_uid, sequence)', name);
    execute format('create index on %I (xid, position)', name);
  end if;
  execute format('alter table events attach partition %I for values from (%L) to (%L)', name, from_time, until_time);
end $$;

-- Seals a partition. It waits for those who write to it; its last place is looked for when nobody can any more.
create function seal_event_partition(name text) returns void language plpgsql as $$
begin
  execute format('create trigger sealed before insert on %I for each row execute function correct_event_time()', name);
  execute format(
    'insert into event_seals (partition, from_time, until_time, xid, position)
     select p.name, p.from_time, p.until_time, coalesce(last.xid, ''0''), coalesce(last.position, 0)
       from event_partitions p
       left join (select xid, position from %I order by xid desc, position desc limit 1) last on true
      where p.name = %L', name, name);
end $$;

-- Drops a sealed partition, and remembers up to where the log was dropped.
create function drop_event_partition(name text) returns void language plpgsql as $$
begin
  execute format('drop table %I', name);
  with dropped as (delete from event_seals where partition = name returning *)
  insert into event_log_start (xid, position, recorded_before)
  select xid, position, until_time from dropped
      on conflict (only_row) do update
     set (xid, position) = (select d.xid, d.position from (values (event_log_start.xid, event_log_start.position),
                                                                  (excluded.xid, excluded.position)) d (xid, position)
                             order by d.xid desc, d.position desc limit 1),
         recorded_before = greatest(event_log_start.recorded_before, excluded.recorded_before);
end $$;

do $$
declare
  newest timestamptz := greatest(now(), (select max(recorded_at) from events_first));
begin
  execute format('alter table events attach partition events_first for values from (minvalue) to (%L)', day_after(newest));
  perform create_default_event_partition();
end $$;
