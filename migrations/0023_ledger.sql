-- The ledger: what money was earned, received, paid back and charged, as transfers between accounts. Each transfer has one account that
-- is debited and one that is credited, so that the books balance by construction. A transfer is never changed and never removed.
--
-- New tables only. Older code survives beside it, and books nothing. So for an hour from now fewer orders may be in the books than were
-- placed; an upgrade that takes longer leaves the books short by the paid orders that older instances take.

create table ledger_transfers (
  -- Made of what is booked, such as the id of an operation: booking it twice is a violation of the key.
  transfer_id  text collate "C" primary key,
  kind         text        not null,
  debit        text        not null, -- an account: a name of the chart of accounts, with the provider behind a colon where it has one
  credit       text        not null,
  currency     text        not null,
  amount       numeric(38) not null check (amount > 0), -- in the currency's minor unit
  -- The order, payment and operation that it belongs to; null for what a group of orders or a payout brings.
  order_uid    text collate "C",
  payment_id   text collate "C",
  operation_id text collate "C",
  -- How many orders that arrived paid it stands for; the orders' rows are the detail.
  orders       integer     check (orders > 0),
  recorded_at  timestamptz not null,
  -- Balances are summed in the order of the log: xid, then position.
  xid          xid8        not null default in_log(pg_current_xact_id()),
  position     bigint      not null,
  constraint transfer_has_two_accounts check (debit <> credit),
  constraint group_has_no_subject check (orders is null or num_nonnulls(order_uid, payment_id, operation_id) = 0),
  constraint operation_has_a_payment check (operation_id is null or num_nonnulls(order_uid, payment_id) = 2)
);
create sequence ledger_positions cache 100;
alter table ledger_transfers alter column position set default nextval('ledger_positions');

create index ledger_transfers_by_order on ledger_transfers (order_uid, position) where order_uid is not null;
create index ledger_transfers_in_order on ledger_transfers (xid, position);
create index ledger_transfers_by_time on ledger_transfers (recorded_at, position);

-- The sums of an account over a minute, and over a day. A worker adds transfers to them in the order of the log, so that no transaction
-- that books waits for the row of an account. A balance takes the days before it, the minutes of its day, and a few transfers.
create table ledger_sums (
  seconds   integer     not null check (seconds in (60, 86400)),
  begins_at timestamptz not null,
  account   text        not null,
  currency  text        not null,
  debits    numeric(50) not null,
  credits   numeric(50) not null,
  primary key (seconds, begins_at, account, currency)
);

-- Up to which transfer the sums have come; without its row, to none.
create table ledger_checkpoint (
  is_only  boolean primary key default true check (is_only),
  xid      xid8   not null,
  position bigint not null
);

-- When the books began, where orders had been placed before. Those that arrived paid before then have no books until money moves for
-- them.
create table ledger_start (
  is_only     boolean primary key default true check (is_only),
  recorded_at timestamptz not null
);
insert into ledger_start (recorded_at) select now() where exists (select from orders);
