-- Recipients of orders that are corrected or erased. Older code survives beside it: it reads an order with a corrected
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
