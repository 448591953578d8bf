-- Outcomes of payments in one round trip. An instance remembers what it has stored of an order a moment ago, decides by that, and sends the
-- check that nobody has changed the order meanwhile with what it writes: reading it once more, and waiting for the answer, cost a tenth of a
-- payment. And a transaction that writes no event no longer wakes the readers of the log.
--
-- New functions only. Older code survives beside them, and calls none of them.

-- Locks orders until the transaction ends, without waiting, and refuses when one of them is locked or is not as it is given: the caller
-- then repeats its transaction, and reads them. The time until which an order waits for its payment is no part of its version.
create function lock_unchanged_orders(order_uids text[], lock_space integer, versions integer[], pending_until timestamptz[]) returns void
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  if exists (select from unnest(order_uids) wanted (order_uid)
              where not pg_try_advisory_xact_lock(lock_space, hashtext(wanted.order_uid))) then
    raise exception 'another transaction has one of the orders' using errcode = 'serialization_failure';
  end if;
  -- A statement of its own sees everything that was committed before the locks.
  if exists (select from unnest(order_uids, versions, pending_until) given (order_uid, version, pending_until)
              where not exists (select from orders o
                                 where o.order_uid = given.order_uid and o.version = given.version
                                   and o.payment_pending_until is not distinct from given.pending_until)) then
    raise exception 'one of the orders has changed' using errcode = 'serialization_failure';
  end if;
  perform set_config('orders.are_unchanged', 'yes', true);
end $$;

-- Ends a transaction that is sent as a whole, behind the call of `lock_unchanged_orders`: what is sent behind a `begin` that has failed
-- would be a transaction of its own.
create procedure expect_unchanged_orders() language plpgsql as $$
begin
  if current_setting('orders.are_unchanged', true) is distinct from 'yes' then
    raise exception 'the orders were not locked' using errcode = 'serialization_failure';
  end if;
end $$;

-- Refuses when the payments of an order have another stamp than is given. The orders are locked.
create function expect_payment_stamps(order_uids text[], stamps bigint[]) returns void
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  if exists (select from unnest(order_uids, stamps) given (order_uid, stamp)
              where not exists (select from payment_totals t where t.order_uid = given.order_uid and t.stamp = given.stamp)) then
    raise exception 'the payments of one of the orders have changed' using errcode = 'serialization_failure';
  end if;
end $$;

-- Writes what has changed of payments that were decided on as they were known, if they and their orders are still so.
create function change_known_payments(order_uids text[], lock_space integer, versions integer[], pending_until timestamptz[], stamps bigint[],
                                      payments_changed json, operations_changed json, totals_changed json) returns void
language plpgsql as $$
begin
  perform lock_unchanged_orders(order_uids, lock_space, versions, pending_until);
  perform expect_payment_stamps(order_uids, stamps);
  perform change_payments(payments_changed, operations_changed, totals_changed);
end $$;

-- Refuses when something is there that the caller has not expected.
create function expect_none(are_there boolean) returns void language plpgsql as $$
begin
  if are_there then raise exception 'there is more to be done' using errcode = 'serialization_failure'; end if;
end $$;

-- Whether orders have reservations that a confirmation commits, or takes again: asked for each group of payments.
create function have_uncommitted_reservations(order_uids text[]) returns boolean
language plpgsql stable set enable_seqscan = off as $$
begin
  return exists (select from stock_reservations where order_uid = any(order_uids) and state in ('held', 'expired'));
end $$;

-- The end of a transaction whose effects lead to events later: it is refused where the log is not at home, as the one that writes them.
create procedure expect_log_home() language plpgsql as $$
begin
  if log_home() <> log_place() then
    raise exception 'the event log is not at home on this server yet' using
      errcode = 'object_not_in_prerequisite_state',
      hint = 'The server was started again or is another one. A running service settles the log within a second.';
  end if;
end $$;
