-- The log becomes one of streams: an event belongs to a stream, which has a type and an id, and is numbered within it. Until now
-- every stream was an order's; payments, items, carts and shipments come next. An event of another stream may concern an order,
-- and names it, so that an order's history can be read as one.
--
-- No row is rewritten. Renaming a column and adding columns change the catalogue only. Partitions that are sealed keep their key,
-- since they have orders' events only and take no more; the others get a new key with the type of the stream in it, and each
-- partition is read twice for two indexes that find nothing yet. Writers wait for that, one to three seconds for every million events
-- that are not sealed, and a part of it for those that are.
--
-- Older code does not survive beside it: it knows the events by names that are gone. Orders that an older instance is sent by HTTP
-- are refused with 503, and those from Kafka wait, uncommitted, for a newer one; commands, histories and the feed fail, and no
-- event is published or delivered wrongly. Nothing is lost.

lock table events in access exclusive mode;

-- The column that names the order is not called order_uid: code before this one would read that it is null, and publish events
-- without their order.
alter table events rename column order_uid to stream_id;
alter table events
  -- Nearly every event is an order's, and says nothing more than before.
  add column stream_type    text collate "C" not null default 'order',
  -- The order that an event of another stream concerns. Null in an order's own stream.
  add column concerns_order text collate "C";

-- The key begins with the stream's id, and has its type, so that an order and an item with the same id do not collide.
do $$
declare
  part record;
begin
  for part in select c.oid::regclass as name, k.conname as key
                from pg_inherits i
                join pg_class c on c.oid = i.inhrelid
                join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
               where i.inhparent = 'events'::regclass and c.relname::text not in (select partition from event_seals) loop
    execute format('alter table %s drop constraint %I', part.name, part.key);
    execute format('alter table %s add constraint %I primary key (stream_id, stream_type, sequence)', part.name, part.key);
  end loop;
end $$;

-- What concerns an order beside its own stream, and the streams that are not orders', in the order of the log. The intake writes
-- nothing into either.
create index events_by_order on events (concerns_order, xid, position) where concerns_order is not null;
create index events_by_stream on events (stream_id, xid, position) where stream_type <> 'order';

create or replace function create_default_event_partition() returns void language plpgsql as $$
begin
  create table events_default partition of events default;
  alter table events_default add constraint events_default_pkey primary key (stream_id, stream_type, sequence);
  create trigger correct_time before insert on events_default for each row execute function correct_event_time();
end $$;

create or replace function add_event_partition(until_time timestamptz) returns void language plpgsql as $$
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
    execute format('alter table %I add primary key (stream_id, stream_type, sequence)', name);
    execute format('create index on %I (xid, position)', name);
  end if;
  execute format('alter table events attach partition %I for values from (%L) to (%L)', name, from_time, until_time);
end $$;

-- The functions that read the log get names that no older code calls. What they do, and why they are planned as they are, is said in
-- 0011 and 0015.
alter function events_after(xid8, bigint, integer) rename to log_after;
alter function events_before(xid8, bigint, integer) rename to log_before;
alter function events_of_types_after(text[], xid8, bigint, integer) rename to log_of_types_after;
alter function events_of_types_before(text[], xid8, bigint, integer) rename to log_of_types_before;
-- It announces nothing: it checks that the log is at home, and notifies the readers.
alter procedure announce_events() rename to notify_log_grown;

-- Older code is told so when it reads the log, as it is told of a database that is not ready: it answers 503, and its readers wait.
do $$
declare
  signature text;
begin
  foreach signature in array array['events_after(xid8, bigint, integer)', 'events_before(xid8, bigint, integer)',
                                   'events_of_types_after(text[], xid8, bigint, integer)',
                                   'events_of_types_before(text[], xid8, bigint, integer)'] loop
    execute format('
      create function %s returns table (xid xid8, "position" bigint, order_uid text, sequence integer, type text,
                                        recorded_at timestamptz, data text, traceparent text) language plpgsql as $f$
      begin
        raise exception ''this instance is older than the tables of its database'' using
          errcode = ''object_not_in_prerequisite_state'',
          hint = ''Another instance has brought the tables up to date. Start this one again with the newer version.'';
      end $f$', signature);
  end loop;
end $$;
