-- What every group of changes of carts begins with, and what reserves the stock of a group of orders, as functions. Statements are not prepared,
-- since PgBouncer may pool by transaction, and a session keeps the plans of the statements in a function: planning two short statements takes
-- longer than running them. What a function raises also undoes a transaction whose commit was sent with it.
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

-- Reserves stock that was allocated to orders: numbers and movements. The transaction holds the locks of the items. False: it is not there,
-- and the transaction has to be taken back. Takes are in the order of the items; of those backordered, one location has less than nothing.
create function reserve_stock(order_uids text[], chrt_ids bigint[], locations text[], quantities bigint[], reserved_at timestamptz, reserved_by text,
                              low_stock_default bigint, backordered bigint[]) returns boolean
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  reserved_units bigint;
  low bigint[];
begin
  with changed as (
    update stock s
       set reserved = s.reserved + t.quantity
      from (select g.chrt_id, g.location, sum(g.quantity)::bigint as quantity
              from unnest(chrt_ids, locations, quantities) g (chrt_id, location, quantity)
             group by g.chrt_id, g.location) t
     where s.chrt_id = t.chrt_id and s.location = t.location
       and s.on_hand - s.reserved - s.unavailable + s.backorder_limit >= t.quantity
    returning s.chrt_id, t.quantity, s.on_hand - s.reserved - s.unavailable <= coalesce(s.low_stock, low_stock_default) as is_low
  )
  select sum(c.quantity), array_agg(c.chrt_id) filter (where c.is_low) into reserved_units, low from changed c;
  if reserved_units is distinct from (select sum(g.quantity) from unnest(quantities) g (quantity)) then
    return false;
  end if;
  insert into stock_movements (order_uid, chrt_id, location, quantity, kind, on_hand, reserved, unavailable, reason, actor, recorded_at)
  select g.order_uid, g.chrt_id, g.location, g.quantity, 'reserved', 0, g.quantity, 0, '', reserved_by, reserved_at
    from unnest(order_uids, chrt_ids, locations, quantities) g (order_uid, chrt_id, location, quantity);
  if low is not null or cardinality(backordered) > 0 then
    perform note_levels(low || backordered, chrt_ids, quantities, reserved_at, low_stock_default);
  end if;
  return true;
end $$;

-- Notes items whose level has changed by what was taken of them, for the worker. The level is that of all locations: what little is left
-- where it was taken from may be more elsewhere, or nothing.
create function note_levels(noted bigint[], chrt_ids bigint[], quantities bigint[], taken_at timestamptz, low_stock_default bigint) returns void
language plpgsql set enable_seqscan = off as $$
begin
  insert into stock_due (chrt_id, since)
  select n.chrt_id, taken_at
    from (select s.chrt_id, sum(s.on_hand - s.reserved - s.unavailable) as available, coalesce(min(s.low_stock), low_stock_default) as low_stock
            from stock s where s.chrt_id = any(noted) group by s.chrt_id) n
    join (select g.chrt_id, sum(g.quantity) as quantity
            from unnest(chrt_ids, quantities) g (chrt_id, quantity) group by g.chrt_id) t using (chrt_id)
   where (n.available + t.quantity > 0) <> (n.available > 0)
      or (n.available + t.quantity > n.low_stock) <> (n.available > n.low_stock)
      on conflict do nothing;
end $$;

-- Locks the items that orders have reserved by rows of this transaction, and reserves them. It waits for the locks, as every writer of stock does,
-- behind the rows: they are held until the commit, and no longer.
create function reserve_placed(lock_space integer, lock_count integer, placed text[], reserved_at timestamptz, reserved_by text,
                               low_stock_default bigint, backordered bigint[]) returns void
language plpgsql set enable_seqscan = off as $$
declare
  order_uids text[];
  chrt_ids bigint[];
  locations text[];
  quantities bigint[];
begin
  select array_agg(r.order_uid), array_agg(r.chrt_id), array_agg(r.location), array_agg(r.quantity)
    into order_uids, chrt_ids, locations, quantities
    from (select s.order_uid, s.chrt_id, s.location, s.quantity
            from stock_reservations s where s.order_uid = any(placed) order by s.chrt_id, s.location, s.order_uid) r;
  perform pg_advisory_xact_lock(lock_space, l.number)
     from (select distinct hashint8(i.chrt_id) & (lock_count - 1) as number from unnest(chrt_ids) i (chrt_id) order by number) l;
  if not reserve_stock(order_uids, chrt_ids, locations, quantities, reserved_at, reserved_by, low_stock_default, backordered) then
    raise exception 'stock that was foreseen is not there' using errcode = 'OS002';
  end if;
end $$;
