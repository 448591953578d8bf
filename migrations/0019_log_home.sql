-- The event log notices that its database has gone back in time while the service runs: a standby took over that had not received
-- everything, or a backup was put in the server's place. Transactions then get numbers that the log has handed out already, and
-- readers that were past them (webhooks, streams, the cursors of clients) would miss what is new, in silence.
--
-- So the log has a home: the start of the server, its timeline, and the database and table themselves. A transaction that writes
-- events anywhere else is refused, until an instance has found out whether something is missing and the log goes on, behind
-- everything that was ever handed out where that may be so. It takes a moment after each start of the server.
--
-- Older code goes on working beside it and after it; what it writes is not refused.

-- Where the log is at home. A constant, like log_shift(), which settle_log() replaces.
create function log_home() returns text language sql immutable return ''::text;

-- Where it is now: what can change under a running service, cheap enough to be asked for in each transaction. A server that
-- only follows another one writes nothing.
create function log_place() returns text language sql volatile
return case when pg_is_in_recovery() then log_home()
            else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '/' || coalesce(to_regclass('events')::oid::text, '') || '/' ||
                 extract(epoch from pg_postmaster_start_time())::text end;

-- The parts of it that a restart of the server does not change, and those that take longer to ask for.
create function log_origin() returns text language sql volatile
return left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '/' || coalesce(to_regclass('events')::oid::text, '') || '/' ||
       (select oid::text from pg_database where datname = current_database()) || '/' ||
       (select system_identifier::text from pg_control_system());

-- The origin that the log was at home with last. A constant, which settle_log() replaces.
create function log_came_from() returns text language sql immutable return ''::text;

-- Tells all instances that the log has grown, with the commit; in each transaction that writes events, behind them.
create procedure announce_events() language plpgsql as $$
begin
  if log_home() <> log_place() then
    raise exception 'the event log is not at home on this server yet' using
      errcode = 'object_not_in_prerequisite_state',
      hint = 'The server was started again or is another one. A running service settles the log within a second.';
  end if;
  notify event_log;
end $$;

-- The last transaction that the log has an event of.
create function last_event_xid() returns xid8 language sql stable
return coalesce((select xid from events order by xid desc limit 1), '0'::xid8);

-- Makes the log at home where it is. Where it comes from another server, or has lost events that were seen, it goes on behind
-- everything that may have been handed out. Says what it has done: nothing ('home'), no more than that ('settled'), or that it went
-- on elsewhere ('continued').
create function settle_log(seen xid8) returns text language plpgsql as $$
declare
  moved boolean;
begin
  perform pg_advisory_xact_lock(7306298);
  if log_home() = log_place() and not is_log_ahead() then
    return 'home';
  end if;
  moved := is_log_ahead() or last_event_xid() < seen or
           (log_came_from() not in ('', log_origin()) and last_log_xid() > '0');
  if moved then
    perform continue_log();
  end if;
  execute format('create or replace function log_came_from() returns text language sql immutable return %L::text', log_origin());
  execute format('create or replace function log_home() returns text language sql immutable return %L::text', log_place());
  return case when moved then 'continued' else 'settled' end;
end $$;

do $$
begin
  execute format('create or replace function log_came_from() returns text language sql immutable return %L::text', log_origin());
  execute format('create or replace function log_home() returns text language sql immutable return %L::text', log_place());
end $$;
