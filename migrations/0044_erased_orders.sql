-- Erasures of one order, such as a guest's, which no customer's id finds; and parcels of erased orders, whose carriers' later words are not
-- kept either. Older code survives beside it, but finds nothing to erase for an order: erase orders once every instance is updated.

alter table customer_erasures
  alter column customer_id drop not null,
  add column order_uid text collate "C", -- the order that is erased; null: the orders of a customer
  add constraint erasure_is_of_one_thing check (num_nonnulls(customer_id, order_uid) = 1);

create index customer_erasures_by_order on customer_erasures (order_uid, started_at) where order_uid is not null;
create unique index customer_erasures_of_order_running on customer_erasures (order_uid) where step is not null and order_uid is not null;

alter table parcel_shipments add column is_erased boolean not null default false; -- the recipient of the order was erased
update parcel_shipments s set is_erased = true from orders o where o.order_uid = s.order_uid and o.sent_digest is not null;
