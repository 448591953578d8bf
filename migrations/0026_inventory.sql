-- Items, the stock of them at locations, what orders have reserved of it, and every movement that made these numbers. New tables, and a
-- looser constraint: older code survives beside it. It takes orders without looking at stock, so track an item only when no older instance runs.
--
-- Numbers are written together with the movements that explain them, in one statement, and nothing else may write them. Tables by item
-- have the item first in their keys, tables by order the order, so that both can be distributed.

create table items (
  chrt_id          bigint      primary key check (chrt_id >= 0),
  nm_id            bigint      not null check (nm_id >= 0), -- the product that it belongs to
  name             text        not null,
  brand            text        not null,
  size             text        not null,
  prices           jsonb       not null check (jsonb_typeof(prices) = 'object'), -- in the minor unit of each currency
  sale             smallint    not null check (sale between 0 and 100), -- in percent
  tax_class        text        not null,
  active           boolean     not null,
  min_quantity     bigint      not null check (min_quantity >= 1),
  max_quantity     bigint      check (max_quantity >= min_quantity),
  quantity_step    bigint      not null check (quantity_step >= 1),
  max_per_customer bigint      check (max_per_customer >= 1),
  backorder        text        not null check (backorder in ('refuse', 'allow')),
  backorder_limit  bigint      check (backorder_limit >= 0), -- null: none
  low_stock        bigint      check (low_stock >= 0), -- at how many available units it is low; null: as the service is set
  available_from   timestamptz,
  updated_at       timestamptz not null,
  search           tsvector    not null, -- the words that it is found by
  constraint limit_is_of_backorders check (backorder = 'allow' or backorder_limit is null)
);

-- Without a list of pending entries, which every search would read.
create index items_by_words on items using gin (search) with (fastupdate = off);
create index items_by_product on items (nm_id, chrt_id);

-- Where stock lies. Orders take it from the location with the lowest priority that serves their country; without countries, it serves all.
create table locations (
  location   text collate "C" primary key,
  name       text        not null,
  priority   integer     not null,
  countries  text[]      not null,
  active     boolean     not null,
  updated_at timestamptz not null
);
insert into locations (location, name, priority, countries, active, updated_at) values ('main', 'Main', 0, '{}', true, now());

-- The stock of an item at a location: an item with a row here is tracked. Available is on_hand − reserved − unavailable.
create table stock (
  chrt_id         bigint not null,
  location        text collate "C" not null,
  on_hand         bigint not null check (on_hand between 0 and 9007199254740991),
  reserved        bigint not null check (reserved between 0 and 9007199254740991),
  unavailable     bigint not null check (unavailable between 0 and on_hand), -- in quarantine
  -- How many units may be reserved beyond what is there: the item's limit, which one of its locations has. It bounds what is reserved;
  -- where a limit was lowered below what is back-ordered already, the bound follows it down.
  backorder_limit bigint not null check (backorder_limit >= 0),
  backorder_bound bigint not null check (backorder_bound >= backorder_limit),
  low_stock       bigint, -- as the item has it
  as_of           timestamptz not null, -- when on_hand last changed or was counted: an older count is ignored
  primary key (chrt_id, location),
  constraint reserved_is_within_bound check (reserved <= on_hand - unavailable + backorder_bound)
);

-- A row is written again with each group of orders, and has no index but its key: with room beside it no index has to follow.
alter table stock set (fillfactor = 50);

-- Lets orders be placed in one message to the server while no item is tracked: otherwise they have to be decided on.
create procedure expect_no_stock() language plpgsql as $$
begin
  if exists (select from stock) then
    raise exception 'items are tracked' using errcode = 'OS001';
  end if;
end $$;

-- What changed the numbers, and by how much. Rows are never changed and never removed.
create sequence stock_movement_ids;
create table stock_movements (
  chrt_id     bigint      not null,
  movement_id bigint      not null default nextval('stock_movement_ids'), -- ascending for an item: its lock is held
  location    text collate "C" not null,
  kind        text        not null,
  quantity    bigint      not null check (quantity <> 0), -- signed for what can go both ways
  on_hand     bigint      not null, -- by how much each number changed
  reserved    bigint      not null,
  unavailable bigint      not null,
  reason      text        not null,
  actor       text        not null,
  order_uid   text collate "C",
  shipment_id text collate "C",
  external_id text collate "C", -- what the sender calls it: it is recorded once
  recorded_at timestamptz not null,
  primary key (chrt_id, movement_id),
  constraint movement_is_of_its_kind check (
    case kind
      when 'received'      then quantity > 0 and on_hand = quantity  and reserved = 0 and unavailable in (0, quantity)
      when 'returned'      then quantity > 0 and on_hand = quantity  and reserved = 0 and unavailable in (0, quantity)
      when 'adjusted'      then                  on_hand = quantity  and reserved = 0 and unavailable = 0
      when 'transferred'   then                  on_hand = quantity  and reserved = 0 and unavailable = 0
      when 'written_off'   then quantity > 0 and on_hand = -quantity and reserved = 0 and unavailable in (0, -quantity)
      when 'quarantined'   then quantity > 0 and on_hand = 0         and reserved = 0 and unavailable = quantity
      when 'unquarantined' then quantity > 0 and on_hand = 0         and reserved = 0 and unavailable = -quantity
      when 'reserved'      then quantity > 0 and on_hand = 0         and reserved = quantity and unavailable = 0
      when 'released'      then quantity > 0 and on_hand = 0         and reserved = -quantity and unavailable = 0
      when 'shipped'       then quantity > 0 and on_hand = -quantity and reserved between -quantity and 0 and unavailable = 0
      else false
    end),
  constraint movement_of_an_order_names_it check (
    case when kind in ('reserved', 'released') then order_uid is not null
         else order_uid is null or kind in ('shipped', 'returned') end),
  constraint movement_of_a_shipment_names_it check (shipment_id is null or kind in ('shipped', 'returned'))
);

create unique index stock_movement_is_recorded_once on stock_movements (chrt_id, external_id) where external_id is not null;

-- What people counted. A difference is a movement; one that is older than what on_hand is known by is kept, and changes nothing.
create sequence stock_count_ids;
create table stock_counts (
  chrt_id     bigint      not null,
  count_id    bigint      not null default nextval('stock_count_ids'),
  location    text collate "C" not null,
  counted     bigint      not null check (counted >= 0),
  on_hand     bigint      not null check (on_hand >= 0), -- before
  as_of       timestamptz not null,
  is_applied  boolean     not null,
  movement_id bigint, -- the adjustment; null where there was no difference
  reason      text        not null,
  actor       text        not null,
  external_id text collate "C",
  recorded_at timestamptz not null,
  primary key (chrt_id, count_id),
  constraint difference_is_a_movement check ((is_applied and counted <> on_hand) = (movement_id is not null))
);

create unique index stock_count_is_recorded_once on stock_counts (chrt_id, external_id) where external_id is not null;

-- What orders hold of the stock. The order of a cart's reservation is the one that its checkout will place.
create table stock_reservations (
  order_uid   text collate "C" not null,
  chrt_id     bigint      not null,
  location    text collate "C" not null,
  quantity    bigint      not null check (quantity > 0),
  shipped     bigint      not null default 0 check (shipped between 0 and quantity),
  state       text        not null check (state in ('held', 'committed', 'shipped', 'released', 'expired')),
  expires_at  timestamptz, -- null: it does not
  cart_id     text collate "C", -- while no order is placed
  reserved_at timestamptz not null,
  updated_at  timestamptz not null,
  primary key (order_uid, chrt_id, location),
  constraint only_what_is_held_expires check (expires_at is null or state = 'held'),
  constraint shipped_is_all_of_it check ((state = 'shipped') = (shipped = quantity))
);

create index stock_reservations_expiring on stock_reservations (expires_at) where expires_at is not null;

-- What paid orders are short of. They get it when it arrives, oldest first.
create table stock_shortfalls (
  order_uid text collate "C" not null,
  chrt_id   bigint      not null,
  missing   bigint      not null check (missing > 0),
  since     timestamptz not null,
  primary key (order_uid, chrt_id)
);

create index stock_shortfalls_by_item on stock_shortfalls (chrt_id, since, order_uid);

-- Orders that wait for stock or did, and the streams of the events that tell of it. Version 0: to be tried, before anything is told.
create table stock_waits (
  order_uid   text collate "C" primary key,
  version     integer     not null check (version >= 0), -- the sequence of the last event
  state       text        not null default 'waiting' check (state in ('waiting', 'allocated', 'dropped')),
  holds_order boolean     not null default true, -- it is on hold because of it
  since       timestamptz not null,
  updated_at  timestamptz not null
);

create index stock_waits_waiting on stock_waits (since, order_uid) where state = 'waiting';
create index stock_waits_untold on stock_waits (since, order_uid) where state = 'waiting' and version = 0;

-- The stream of an item's events, and what was last told of its stock.
create table item_streams (
  chrt_id    bigint      primary key,
  version    integer     not null check (version >= 0), -- the sequence of the last event; 0 before the first
  level      text        not null check (level in ('in_stock', 'low', 'out_of_stock')),
  updated_at timestamptz not null
);
alter table item_streams set (fillfactor = 50);

-- Items that the worker has to look at: their level may be another than was told, or an order waits for what has become available.
create table stock_due (
  chrt_id bigint      primary key,
  since   timestamptz not null
);

create index stock_due_in_order on stock_due (since);

-- A dead letter that was a movement of stock is carried out without an order.
alter table dead_letter_history drop constraint outcome_says_what_it_must;
alter table dead_letter_history add constraint outcome_says_what_it_must check (
  (outcome = 'placed'                     and order_uid is not null and code is null)     or
  (outcome in ('duplicate', 'carried_out')                          and code is null)     or
  (outcome = 'refused'                    and order_uid is null     and code is not null) or
  (outcome = 'discarded'                  and order_uid is null     and code is null and reason <> '')
) not valid;
alter table dead_letter_history validate constraint outcome_says_what_it_must;
