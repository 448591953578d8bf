-- The sandbox: a payment provider in miniature, built in for development, tests and the demo. Its payments are rows like those that a
-- provider has in a database of its own; nothing else of the service reads them.
--
-- New tables only. Older code survives beside it, and does not know the provider.

create table sandbox_payments (
  payment_ref text collate "C" primary key, -- made of the idempotency key that it was authorized with
  -- What the shop calls it and its order, as the shop said. Several payments may be called the same: keys alone tell them apart.
  payment_id  text collate "C" not null,
  order_uid   text collate "C" not null,
  version     integer     not null check (version >= 1), -- two changes at once: the second one is decided again
  payment     json        not null,
  created_at  timestamptz not null
);

create index sandbox_payments_by_payment on sandbox_payments (payment_id);

-- Events that the sandbox has still to send.
create table sandbox_events (
  event_id    text collate "C" primary key,
  payment_ref text collate "C" not null,
  type        text        not null,
  times       integer     not null check (times > 0), -- how often it is sent
  attempts    integer     not null check (attempts >= 0),
  due_at      timestamptz not null
);

create index sandbox_events_due on sandbox_events (due_at);
