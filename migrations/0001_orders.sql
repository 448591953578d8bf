-- Orders, their lines, and the log of what happened to them. The first migration: there is no older code to survive it.
--
-- The document is kept once, whole, as compact JSON: reading an order back is handing out these bytes, and fields that
-- the contract does not know need no place of their own. Beside it stand only the columns that orders are found by and
-- that commands decide on. There are no foreign keys: the rows of an order are written by one transaction and never
-- separately, and checking that again costs a fifth of the intake. Every primary key begins with order_uid, and no
-- unique constraint leaves it out, so that the tables can be distributed by it.

create type order_status    as enum ('pending', 'confirmed', 'on_hold', 'completed', 'cancelled', 'expired');
create type payment_status  as enum ('unpaid', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded',
                                     'voided');
create type delivery_status as enum ('unfulfilled', 'partially_shipped', 'shipped', 'partially_delivered', 'delivered',
                                     'returned');

create table orders (
  order_uid       text collate "C" primary key,
  document        text            not null,
  customer_id     text            not null,
  track_number    text collate "C" not null,
  currency        text            not null,
  amount          bigint          not null check (amount >= 0),
  created_at      timestamptz     not null, -- the document's date_created
  status          order_status    not null,
  payment_status  payment_status  not null,
  delivery_status delivery_status not null,
  version         integer         not null check (version >= 1), -- the sequence of the order's last event
  updated_at      timestamptz     not null
);

-- Lists go newest first; the uid makes the order of a page definite, and a cursor out of the two.
create index orders_by_time on orders (created_at, order_uid);
-- A sender may give customers names that are longer than an index entry may be, so their beginnings are indexed.
create index orders_by_customer on orders (left(customer_id, 100), created_at, order_uid);
create index orders_by_track_number on orders (track_number, created_at, order_uid);
-- One index serves a filter by any of the three: a query asks it for each combination that the filter allows.
create index orders_by_status on orders (status, payment_status, delivery_status, created_at, order_uid);

-- What sums and joins over lines are made of. A line's texts are in the document.
create table order_items (
  order_uid   text collate "C" not null,
  line        integer  not null check (line >= 0), -- from 0, as in the document
  chrt_id     bigint   not null,
  nm_id       bigint   not null,
  price       bigint   not null check (price >= 0),
  sale        smallint not null check (sale between 0 and 100),
  total_price bigint   not null check (total_price >= 0),
  primary key (order_uid, line)
);

-- The append-only log. Its order is (xid, position): transactions that change an order come one after another, each with its
-- xid given after the one before has committed, so an order's events have ascending xids; and a reader that stops below
-- pg_snapshot_xmin() can never be overtaken by a commit that comes late.
create table events (
  xid         xid8        not null default pg_current_xact_id(),
  position    bigint      not null generated always as identity (cache 100),
  order_uid   text collate "C" not null,
  sequence    integer     not null check (sequence >= 1), -- per order, from 1, without gaps
  type        text        not null,
  recorded_at timestamptz not null,
  data        text        not null, -- JSON; for order.placed without the document, which the order's row has
  primary key (order_uid, sequence)
);

create index events_in_log_order on events (xid, position);

-- How far each durable reader of the log has come.
create table log_readers (
  name       text primary key,
  xid        xid8        not null,
  position   bigint      not null,
  updated_at timestamptz not null default now()
);

-- Whoever changes an order, every instance forgets what it has cached of it: the notification goes out with the commit.
create function notify_order_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('order_changed', old.version + 1 || ' ' || old.order_uid);
  return null;
end $$;

create trigger order_changed after update or delete on orders
  for each row execute function notify_order_changed();
