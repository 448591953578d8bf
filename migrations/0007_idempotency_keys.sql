-- What a POST with an Idempotency-Key was answered, so that a repetition gets the first answer again. New tables only: the code
-- before it goes on working, and heeds no keys.

-- Who works on a key. A claim whose time is over belonged to a process that died; a repetition takes it over.
create table idempotency_claims (
  scope         bytea       not null, -- SHA-256 of who asks and of what: a key means nothing to others or elsewhere
  key           text collate "C" not null,
  fingerprint   bytea       not null, -- SHA-256 of the request
  claim         uuid        not null, -- of whoever has it now
  claimed_until timestamptz not null,
  primary key (scope, key)
);

-- Apart from the claims, since an answer is inserted, by COPY too, in the very transaction of the effect that it tells of: its
-- primary key lets only one such transaction commit.
create table idempotency_answers (
  scope       bytea       not null,
  key         text collate "C" not null,
  fingerprint bytea       not null,
  status      smallint    not null check (status between 200 and 499),
  headers     json        not null, -- {name: value}
  body        bytea       not null,
  kept_at     timestamptz not null default now(),
  primary key (scope, key)
);

-- What the sweep of old ones looks through.
create index idempotency_claims_by_time on idempotency_claims (claimed_until);
create index idempotency_answers_by_time on idempotency_answers (kept_at);
