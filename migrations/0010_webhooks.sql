-- Webhooks: who wants to hear of events by HTTP, what could not be delivered yet, and what was answered.
-- New tables only: the code before it goes on working.

-- How far a subscription has come is in log_readers, as 'webhook:' and its id, like that of every reader of the log.
create table webhooks (
  id                    bigint      primary key generated always as identity,
  url                   text        not null,
  description           text        not null,
  event_types           text[]      not null check (cardinality(event_types) > 0),
  secret                text        not null, -- itself, not a digest: every delivery is signed with it
  previous_secret       text,
  previous_secret_until timestamptz,
  failing_since         timestamptz,          -- the first failure after the last delivery
  disabled_at           timestamptz,
  disabled_reason       text check (disabled_reason in ('gone', 'failing', 'requested')),
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  constraint previous_secret_ends check ((previous_secret is null) = (previous_secret_until is null)),
  constraint disabled_for_a_reason check ((disabled_at is null) = (disabled_reason is null))
);

-- Events that the subscription's place in the log has passed and that are not delivered: those that failed, and behind each
-- the later ones of its order. What they say is in the log.
create table webhook_parked (
  webhook_id  bigint      not null references webhooks on delete cascade,
  order_uid   text collate "C" not null,
  sequence    integer     not null,
  attempts    integer     not null check (attempts >= 0),
  due_at      timestamptz not null,
  recorded_at timestamptz not null, -- of the event
  primary key (webhook_id, order_uid, sequence)
);

-- What receivers have answered.
create table webhook_deliveries (
  id           bigint      primary key generated always as identity,
  webhook_id   bigint      not null references webhooks on delete cascade,
  order_uid    text collate "C" not null,
  sequence     integer     not null,
  event_id     text        not null,
  event_type   text        not null,
  attempt      integer     not null, -- from 1; 0: asked for by hand
  outcome      text        not null check (outcome in ('delivered', 'failed', 'given_up')),
  status       integer,              -- of the answer; null: there was none, and error says why
  error        text,
  answer       text        not null, -- the beginning of its body
  duration_ms  integer     not null,
  attempted_at timestamptz not null
);

create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_by_age on webhook_deliveries (attempted_at);
