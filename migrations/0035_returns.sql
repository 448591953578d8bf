-- Returns: which units of an order come back, what they are like then, and what is refunded for them.
--
-- New tables. Older code survives beside them, and knows no returns.

create table returns (
  order_uid         text collate "C" not null,
  return_id         text collate "C" not null,
  state             text        not null check (state in ('requested', 'approved', 'received', 'refunded', 'rejected', 'cancelled')),
  currency          text        not null,
  refund_state      text        check (refund_state in ('pending', 'succeeded', 'failed')), -- of the last attempt; null: none, or it was refused
  refund_amount     bigint      not null check (refund_amount >= 0), -- what the last attempt is to refund, in the currency's minor unit
  refund_is_at_most boolean     not null, -- less is refunded where less can be
  refund_fee        bigint      not null check (refund_fee >= 0),
  refund_delivery   bigint      not null check (refund_delivery >= 0),
  refund_reason     text        not null, -- of the last attempt, and by whom it was asked for
  refund_actor      text        not null,
  refund_attempts   integer     not null check (refund_attempts >= 0), -- payments know each by its number
  refunded          bigint      not null check (refunded >= 0), -- by all attempts
  refund_operations text[]      not null, -- the operations of payments that have refunded it
  refund_due_at     timestamptz, -- when a worker takes a pending one up
  reason            text        not null, -- of the last change, and by whom it was
  actor             text        not null,
  version           integer     not null check (version >= 1), -- the sequence of its last event
  created_at        timestamptz not null,
  approved_at       timestamptz,
  received_at       timestamptz, -- when units last came in
  refunded_at       timestamptz,
  rejected_at       timestamptz,
  cancelled_at      timestamptz,
  updated_at        timestamptz not null,
  primary key (order_uid, return_id),
  constraint state_has_its_time check (
    case state
      when 'requested' then num_nonnulls(approved_at, received_at, refunded_at, rejected_at, cancelled_at) = 0
      when 'approved'  then approved_at is not null and num_nonnulls(refunded_at, rejected_at, cancelled_at) = 0
      when 'received'  then num_nulls(approved_at, received_at) = 0 and num_nonnulls(refunded_at, rejected_at, cancelled_at) = 0
      when 'refunded'  then num_nulls(approved_at, received_at, refunded_at) = 0 and num_nonnulls(rejected_at, cancelled_at) = 0
      when 'rejected'  then rejected_at is not null and num_nonnulls(approved_at, received_at, refunded_at, cancelled_at) = 0
      when 'cancelled' then cancelled_at is not null and num_nonnulls(received_at, refunded_at, rejected_at) = 0
    end),
  constraint refund_is_of_its_state check (
    (refund_due_at is not null) = (refund_state is not distinct from 'pending')
    and (state = 'refunded') = (refund_state is not distinct from 'succeeded')
    and (state in ('received', 'refunded') or refund_attempts = 0))
);

-- Lists go newest first.
create index returns_by_id on returns (return_id);
create index returns_by_time on returns (created_at, return_id);
create index returns_by_state on returns (state, created_at, return_id);
create index returns_refund_due on returns (refund_due_at) where refund_due_at is not null;

-- The units of returns: a unit is a line of its order. Those of a return that was rejected or cancelled, or that were missing, can be in
-- another one.
create table return_units (
  order_uid   text collate "C" not null,
  return_id   text collate "C" not null,
  line        integer     not null check (line >= 0),
  rid         text        not null, -- as the order's document calls it
  chrt_id     bigint      not null,
  shipment_id text collate "C" not null, -- the shipment that it went out with
  amount      bigint      not null check (amount >= 0), -- what was paid for it
  is_live     boolean     not null,
  condition   text        check (condition in ('restock', 'damaged', 'missing')), -- null: it has not come in
  location    text collate "C", -- where it was put
  is_stocked  boolean     not null default false, -- it is in the stock of that location
  received_at timestamptz,
  primary key (order_uid, return_id, line),
  constraint received_with_its_condition check ((condition is null) = (received_at is null)),
  constraint stocked_where_it_was_put check (not is_stocked or (location is not null and condition in ('restock', 'damaged')))
);

create unique index return_unit_is_live_once on return_units (order_uid, line) where is_live;
