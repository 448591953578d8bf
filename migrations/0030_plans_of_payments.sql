-- The longer statements of each group of payments as functions. Statements are not prepared, since PgBouncer may pool by transaction, and
-- parsing and planning these took a tenth of PostgreSQL's time for a payment. A session keeps the plans of the statements in a function, also
-- behind PgBouncer.
--
-- Functions, and constraints that say the same in fewer expressions. Older code survives beside them, and calls none of the functions. A plan
-- is kept while its tables grow, so that it must find rows by their keys from the first one on: functions that join do so by nested loops
-- over an index.

-- Every statement that writes rows reads the expressions of all constraints from the catalog first: twenty took longer than a row.
alter table payments
  drop constraint payments_authorized_check, drop constraint payments_captured_check, drop constraint payments_released_check,
  drop constraint payments_refunded_check, drop constraint payments_disputed_check, drop constraint payments_overcaptured_check,
  drop constraint payments_suspended_check, drop constraint payments_suspended_refunded_check,
  drop constraint payments_suspended_authorized_check, drop constraint payments_accepted_check, drop constraint payments_overdrawn_check,
  drop constraint payments_pending_capture_check, drop constraint payments_pending_refund_check,
  add constraint sums_are_not_negative check (
    least(authorized, captured, released, refunded, disputed, overcaptured, suspended, suspended_refunded, suspended_authorized, accepted,
          overdrawn, pending_capture, pending_refund) >= 0) not valid;
alter table payments validate constraint sums_are_not_negative;
alter table payment_totals
  drop constraint payment_totals_amount_check, drop constraint payment_totals_open_check, drop constraint payment_totals_authorized_check,
  drop constraint payment_totals_captured_check, drop constraint payment_totals_refunded_check,
  drop constraint payment_totals_disputed_check,
  add constraint totals_are_not_negative check (least(amount, open, authorized, captured, refunded, disputed) >= 0) not valid;
alter table payment_totals validate constraint totals_are_not_negative;

-- Writes the states of locked orders as they are after a change.
create function change_order_states(orders_changed text[], changes json) returns void
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  update orders o
     set status = c.status, payment_status = c.payment_status, delivery_status = c.delivery_status, version = c.version,
         updated_at = c.updated_at
    from json_to_recordset(changes) c (order_uid text, status order_status, payment_status payment_status,
                                       delivery_status delivery_status, version integer, updated_at timestamptz)
   where o.order_uid = c.order_uid and o.order_uid = any(orders_changed);
end $$;

-- Writes what has changed of payments, of their operations and of what they come to. A value that is left out is null, or 0 where the
-- column has none. Each row must be there.
create function change_payments(payments_changed json, operations_changed json, totals_changed json) returns void
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  rows_found integer;
begin
  if payments_changed is not null then
    update payments t
       set provider_ref = u.provider_ref, state = u.state, authorized = coalesce(u.authorized, 0), captured = coalesce(u.captured, 0),
           released = coalesce(u.released, 0), refunded = coalesce(u.refunded, 0), disputed = coalesce(u.disputed, 0),
           overcaptured = coalesce(u.overcaptured, 0), suspended = coalesce(u.suspended, 0),
           suspended_refunded = coalesce(u.suspended_refunded, 0), suspended_authorized = coalesce(u.suspended_authorized, 0),
           accepted = coalesce(u.accepted, 0), overdrawn = coalesce(u.overdrawn, 0), pending_capture = coalesce(u.pending_capture, 0),
           pending_refund = coalesce(u.pending_refund, 0), next_action = u.next_action, authorized_until = u.authorized_until,
           failure_code = u.failure_code, failure_message = u.failure_message, version = coalesce(u.version, 0),
           updated_at = u.updated_at, next_look_at = u.next_look_at
      from json_to_recordset(payments_changed) u (
             order_uid text, payment_id text, provider_ref text, state text, authorized bigint, captured bigint, released bigint,
             refunded bigint, disputed bigint, overcaptured bigint, suspended bigint, suspended_refunded bigint,
             suspended_authorized bigint, accepted bigint, overdrawn bigint, pending_capture bigint, pending_refund bigint,
             next_action text, authorized_until timestamptz, failure_code text, failure_message text, version integer,
             updated_at timestamptz, next_look_at timestamptz)
     where t.order_uid = u.order_uid and t.payment_id = u.payment_id;
    get diagnostics rows_found = row_count;
    if rows_found <> json_array_length(payments_changed) then raise exception 'a payment that is to be changed is not there'; end if;
  end if;
  if operations_changed is not null then
    update payment_operations t
       set amount = u.amount, state = u.state, method_token = u.method_token, provider_ref = u.provider_ref,
           failure_code = u.failure_code, failure_message = u.failure_message, attempts = coalesce(u.attempts, 0),
           sent_at = u.sent_at, settled_at = u.settled_at, next_attempt_at = u.next_attempt_at
      from json_to_recordset(operations_changed) u (
             order_uid text, payment_id text, operation_id text, amount bigint, state text, method_token text, provider_ref text,
             failure_code text, failure_message text, attempts integer, sent_at timestamptz, settled_at timestamptz,
             next_attempt_at timestamptz)
     where t.order_uid = u.order_uid and t.payment_id = u.payment_id and t.operation_id = u.operation_id;
    get diagnostics rows_found = row_count;
    if rows_found <> json_array_length(operations_changed) then raise exception 'an operation that is to be changed is not there'; end if;
  end if;
  if totals_changed is not null then
    update payment_totals t
       set open = coalesce(u.open, 0), authorized = coalesce(u.authorized, 0), captured = coalesce(u.captured, 0),
           refunded = coalesce(u.refunded, 0), disputed = coalesce(u.disputed, 0), is_sold = u.is_sold, stamp = u.stamp
      from json_to_recordset(totals_changed) u (
             order_uid text, open bigint, authorized bigint, captured bigint, refunded bigint, disputed bigint, is_sold boolean,
             stamp bigint)
     where t.order_uid = u.order_uid;
    get diagnostics rows_found = row_count;
    if rows_found <> json_array_length(totals_changed) then raise exception 'totals that are to be changed are not there'; end if;
  end if;
end $$;

-- What became of Idempotency-Keys, by the place of each in the lists: its claim, and its answer when it has one.
create function read_idempotency_keys(scopes bytea[], keys text[])
returns table (place integer, fingerprint bytea, is_over boolean, status smallint, headers json, body bytea)
language plpgsql stable set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
    select w.place::integer, coalesce(a.fingerprint, c.fingerprint), c.claimed_until < now(), a.status, a.headers, a.body
      from unnest(scopes, keys) with ordinality w (scope, key, place)
      left join idempotency_claims c on c.scope = w.scope and c.key = w.key
      left join idempotency_answers a on a.scope = w.scope and a.key = w.key
     where c.scope is not null or a.scope is not null;
end $$;
