-- What every group of changes of carts begins with, as functions. Statements are not prepared, since PgBouncer may pool by transaction, and a
-- session keeps the plans of the statements in a function: planning two short statements takes longer than running them.
--
-- Functions only. Older code survives beside them, and calls none.

-- Locks carts until the transaction ends, without waiting, and reads stamps of carts behind that: another one after every change.
create function lock_carts(lock_space integer, locked text[], stamped text[], out busy text, out stamps text)
language plpgsql set enable_seqscan = off as $$
begin
  select string_agg(l.cart_id, ',') into busy
    from unnest(locked) l (cart_id) where not pg_try_advisory_xact_lock(lock_space, hashtext(l.cart_id));
  select string_agg(concat_ws(' ', c.cart_id, c.version, c.sequence, c.state, coalesce((extract(epoch from c.next_look_at) * 1000)::bigint, 0)), ',')
    into stamps
    from carts c where c.cart_id = any(stamped);
end $$;

-- The stamps of items that carts remember, and how many units of items can be reserved.
create function sellable_items(stamped bigint[], counted bigint[], out stamps text, out units text)
language plpgsql set enable_seqscan = off as $$
begin
  select string_agg(i.chrt_id || ' ' || i.xmin, ',') into stamps from items i where i.chrt_id = any(stamped);
  select string_agg(s.chrt_id || ' ' || greatest(0, s.on_hand - s.reserved - s.unavailable + s.backorder_limit), ',') into units
    from stock s where s.chrt_id = any(counted);
end $$;
