-- API keys. Only a digest is kept: a key has 256 random bits, so a plain SHA-256 cannot be searched backwards.
-- New table only: the code before it goes on working.

create table api_keys (
  id         uuid        primary key default gen_random_uuid(),
  name       text        not null check (name <> ''),
  digest     bytea       not null unique,
  scopes     text[]      not null check (cardinality(scopes) > 0),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
