-- Recipients of orders that are corrected, and customers that are erased. Older code survives beside it: it reads an order with a corrected
-- recipient as it was sent until it is updated, and would take an erased order that comes again for another one, which it refuses.

alter table orders
  add column delivery    text,  -- JSON: the recipient as corrected; null: as the document says
  add column sent_digest bytea; -- SHA-256 of the document as it was sent; null unless its recipient was erased

create table order_corrections (
  order_uid text collate "C" not null,
  version   integer not null check (version >= 2), -- that the order had after it
  delivery  text, -- JSON: the recipient from then on; null once it is erased
  primary key (order_uid, version)
);

alter table order_transitions drop constraint transition_is_allowed;
alter table order_transitions add constraint transition_is_allowed check (
  (command = 'confirm'  and from_status in ('pending', 'on_hold')              and to_status = 'confirmed') or
  (command = 'hold'     and from_status = 'confirmed'                          and to_status = 'on_hold')   or
  (command = 'complete' and from_status = 'confirmed'                          and to_status = 'completed') or
  (command = 'cancel'   and from_status in ('pending', 'confirmed', 'on_hold') and to_status = 'cancelled') or
  (command = 'expire'   and from_status = 'pending'                            and to_status = 'expired')   or
  (command in ('pay', 'correct', 'erase') and from_status = to_status)
) not valid;
alter table order_transitions validate constraint transition_is_allowed;

-- An erasure goes on where it stopped: it remembers the step that it is at, and how far that is.
create table customer_erasures (
  erasure_id  text collate "C" primary key,
  customer_id text        not null,
  step        text, -- null: it is finished
  position    text        not null, -- within the step; empty at its beginning
  counts      json        not null, -- how many of each were erased: {"orders": 2}
  reason      text        not null,
  actor       text        not null,
  started_at  timestamptz not null,
  finished_at timestamptz,
  constraint erasure_is_finished_or_at_a_step check ((step is null) = (finished_at is not null))
);

create index customer_erasures_by_customer on customer_erasures (md5(customer_id), started_at);
create unique index customer_erasures_running on customer_erasures (md5(customer_id)) where step is not null;

-- The value of a message that told of an erased customer is gone; its digest is not.
alter table dead_letters add column erased_at timestamptz;
