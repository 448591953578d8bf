-- Shipments: which units of an order go out together, by which tracking numbers, and when they are expected.
--
-- New tables, and a looser constraint for the history of orders. Older code survives beside them, and knows no shipments: it changes no
-- row here, and does not cancel the shipments of an order that it cancels. Ship only when no older instance runs.

create table shipments (
  order_uid             text collate "C" not null,
  shipment_id           text collate "C" not null,
  state                 text        not null check (state in ('planned', 'packed', 'shipped', 'delivered', 'returned', 'cancelled')),
  location              text collate "C", -- where its units leave from; null: where they are reserved
  carrier               text collate "C",
  tracking              text, -- what the carrier last said of it; null: nothing yet
  promised_by           timestamptz, -- what the customer was promised
  estimated_delivery_at timestamptz, -- the last of its estimates
  delayed_at            timestamptz, -- when it was noticed that the promise is not kept
  silent_at             timestamptz, -- when it was noticed that the carrier says nothing more
  reason                text        not null, -- of the last change, and by whom it was
  actor                 text        not null,
  version               integer     not null check (version >= 1), -- the sequence of its last event
  created_at            timestamptz not null,
  packed_at             timestamptz,
  shipped_at            timestamptz,
  delivered_at          timestamptz,
  returned_at           timestamptz,
  cancelled_at          timestamptz,
  updated_at            timestamptz not null,
  primary key (order_uid, shipment_id),
  constraint state_has_its_time check (
    case state
      when 'planned'   then num_nonnulls(packed_at, shipped_at, delivered_at, returned_at, cancelled_at) = 0
      when 'packed'    then packed_at is not null and num_nonnulls(shipped_at, delivered_at, returned_at, cancelled_at) = 0
      when 'shipped'   then shipped_at is not null and num_nonnulls(delivered_at, returned_at, cancelled_at) = 0
      when 'delivered' then shipped_at is not null and delivered_at is not null and num_nonnulls(returned_at, cancelled_at) = 0
      when 'returned'  then shipped_at is not null and returned_at is not null and cancelled_at is null
      when 'cancelled' then cancelled_at is not null and num_nonnulls(delivered_at, returned_at) = 0
    end)
);

-- What changes most is what the carrier says, and no index has it: with room beside it no index has to follow.
alter table shipments set (fillfactor = 70);

-- Lists go newest first. A list by carrier or location goes through their states, so that one of both needs no other index.
create index shipments_by_id on shipments (shipment_id);
create index shipments_by_time on shipments (created_at, shipment_id);
create index shipments_by_state on shipments (state, created_at, shipment_id);
create index shipments_by_carrier on shipments (carrier, state, created_at, shipment_id) where carrier is not null;
create index shipments_by_location on shipments (location, state, created_at, shipment_id) where location is not null;
create index shipments_silent on shipments (created_at, shipment_id) where silent_at is not null;
-- Those whose promise is broken, or may be.
create index shipments_late on shipments (created_at, shipment_id) where delayed_at is not null and state in ('planned', 'packed', 'shipped');
create index shipments_promised on shipments (promised_by) where delayed_at is null and state in ('planned', 'packed', 'shipped');

-- The units of shipments: a unit is a line of its order. Units of a cancelled shipment can be in another one.
create table shipment_units (
  order_uid    text collate "C" not null,
  shipment_id  text collate "C" not null,
  line         integer     not null check (line >= 0),
  rid          text        not null, -- as the order's document calls it
  chrt_id      bigint      not null,
  is_live      boolean     not null,
  shipped_from text collate "C", -- the location whose stock it was taken from; null: not shipped, or its item is not tracked
  was_reserved boolean     not null default false, -- what was taken was reserved for the order
  returned_at  timestamptz, -- when it came back
  primary key (order_uid, shipment_id, line),
  constraint taken_stock_has_a_place check (not was_reserved or shipped_from is not null)
);

create unique index shipment_unit_is_live_once on shipment_units (order_uid, line) where is_live;

-- The numbers that carriers know a shipment by: added, never replaced.
create table shipment_tracking_numbers (
  order_uid   text collate "C" not null,
  shipment_id text collate "C" not null,
  number      text collate "C" not null,
  carrier     text collate "C", -- null: the shipment's, or not known
  role        text        not null check (role in ('main', 'last_mile', 'return')),
  url         text,
  check_digit text        not null check (check_digit in ('valid', 'invalid', 'unknown')), -- what its check digit says
  status      text, -- what the carrier last said of this parcel; null: nothing yet
  added_at    timestamptz not null,
  primary key (order_uid, shipment_id, number)
);

create index shipment_tracking_numbers_by_number on shipment_tracking_numbers (number, order_uid);

-- When a shipment was expected to arrive, as it was said over time.
create table shipment_estimates (
  order_uid             text collate "C" not null,
  shipment_id           text collate "C" not null,
  version               integer     not null, -- of the shipment, with which it was said
  estimated_delivery_at timestamptz, -- null: not known any more
  promised_by           timestamptz,
  source                text        not null, -- who said so: a person, or a carrier
  recorded_at           timestamptz not null,
  primary key (order_uid, shipment_id, version)
);

-- What is delivered of an order is a version of it, as what is paid is, without a change of its status.
alter table order_transitions drop constraint transition_is_allowed;
alter table order_transitions add constraint transition_is_allowed check (
  (command = 'confirm'  and from_status in ('pending', 'on_hold')              and to_status = 'confirmed') or
  (command = 'hold'     and from_status = 'confirmed'                          and to_status = 'on_hold')   or
  (command = 'complete' and from_status = 'confirmed'                          and to_status = 'completed') or
  (command = 'cancel'   and from_status in ('pending', 'confirmed', 'on_hold') and to_status = 'cancelled') or
  (command = 'expire'   and from_status = 'pending'                            and to_status = 'expired')   or
  (command in ('pay', 'deliver', 'correct', 'erase') and from_status = to_status)
) not valid;
alter table order_transitions validate constraint transition_is_allowed;

-- What comes back from a shipment that did not arrive is reserved for its order again, as it was before it was shipped.
alter table stock_movements drop constraint movement_is_of_its_kind;
alter table stock_movements add constraint movement_is_of_its_kind check (
    case kind
      when 'received'      then quantity > 0 and on_hand = quantity  and reserved = 0 and unavailable in (0, quantity)
      when 'returned'      then quantity > 0 and on_hand = quantity  and reserved in (0, quantity) and unavailable in (0, quantity)
      when 'adjusted'      then                  on_hand = quantity  and reserved = 0 and unavailable = 0
      when 'transferred'   then                  on_hand = quantity  and reserved = 0 and unavailable = 0
      when 'written_off'   then quantity > 0 and on_hand = -quantity and reserved = 0 and unavailable in (0, -quantity)
      when 'quarantined'   then quantity > 0 and on_hand = 0         and reserved = 0 and unavailable = quantity
      when 'unquarantined' then quantity > 0 and on_hand = 0         and reserved = 0 and unavailable = -quantity
      when 'reserved'      then quantity > 0 and on_hand = 0         and reserved = quantity and unavailable = 0
      when 'released'      then quantity > 0 and on_hand = 0         and reserved = -quantity and unavailable = 0
      when 'shipped'       then quantity > 0 and on_hand = -quantity and reserved between -quantity and 0 and unavailable = 0
      else false
    end) not valid;
alter table stock_movements validate constraint movement_is_of_its_kind;
