-- The life of an order after it was placed. New tables and an index only: the code before it goes on working.

-- Every change of status, kept for as long as the order itself; the event log may be cut off behind.
create table order_transitions (
  order_uid   text collate "C" not null,
  version     integer      not null check (version >= 2), -- that the order had after it
  command     text         not null,
  from_status order_status not null,
  to_status   order_status not null,
  reason      text         not null,
  actor       text         not null,
  recorded_at timestamptz  not null,
  primary key (order_uid, version),
  -- The rules of the lifecycle once more: whatever the code believes, no other change is recorded.
  constraint transition_is_allowed check (
    (command = 'confirm'  and from_status in ('pending', 'on_hold')              and to_status = 'confirmed') or
    (command = 'hold'     and from_status = 'confirmed'                          and to_status = 'on_hold')   or
    (command = 'complete' and from_status = 'confirmed'                          and to_status = 'completed') or
    (command = 'cancel'   and from_status in ('pending', 'confirmed', 'on_hold') and to_status = 'cancelled') or
    (command = 'expire'   and from_status = 'pending'                            and to_status = 'expired')
  )
);

-- Commands that came by message and were carried out; a redelivered one is found here and has no second effect.
create table order_command_receipts (
  order_uid   text collate "C" not null,
  command_id  text         not null,
  recorded_at timestamptz  not null,
  primary key (order_uid, command_id)
);

-- What the sweep of unpaid orders looks through.
create index orders_unpaid on orders (updated_at) where status = 'pending';
