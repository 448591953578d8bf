-- Carts: one row each, which becomes an order by one transaction of the intake. A new table.
--
-- Older code survives beside it: it does not know carts.

create table carts (
  cart_id         text collate "C" primary key,
  token_hash      text        not null check (token_hash ~ '^[0-9a-f]{64}$'), -- SHA-256 of the token, in hex; never the token itself
  state           text        not null check (state in ('open', 'checking_out', 'checked_out', 'merged', 'expired')),
  currency        text        not null,
  customer_id     text,
  email           text,
  delivery        text, -- JSON: the recipient as far as known
  delivery_method text,
  discount_codes  text[]      not null check (cardinality(discount_codes) <= 10),
  note            text,
  metadata        text, -- JSON
  lines           text        not null, -- JSON: [{"chrt_id", "quantity", "price_when_added"}]
  version         integer     not null check (version >= 1), -- of the cart as its owner sees it
  sequence        integer     not null check (sequence >= 1), -- of its last event
  recorded_at     timestamptz not null, -- when that was
  order_uid       text collate "C", -- what it became
  merged_into     text collate "C", -- the cart that has its lines now
  abandoned_at    timestamptz,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  expires_at      timestamptz, -- null when it is over
  next_look_at    timestamptz, -- when the worker looks at it next; null when nothing is left to be done
  constraint cart_has_its_order check ((order_uid is not null) = (state in ('checking_out', 'checked_out'))),
  constraint cart_has_its_target check ((merged_into is not null) = (state = 'merged')),
  constraint cart_expires_while_open check ((expires_at is not null) = (state = 'open')),
  constraint cart_is_looked_at check ((next_look_at is not null) = (state in ('open', 'checking_out')))
);

-- A cart is written with each change of its lines, which touch no index: with room beside it no index has to follow.
alter table carts set (fillfactor = 70);

create index carts_by_state on carts (state, created_at, cart_id);
create index carts_due on carts (next_look_at) where next_look_at is not null;
