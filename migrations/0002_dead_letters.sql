-- Messages that could not be taken in, with everything that is needed to look at them, mend and replay them.
-- New tables only: the code before it goes on working.

create table dead_letters (
  id             bigint      primary key generated always as identity,
  topic          text        not null,
  partition      integer     not null,
  message_offset bigint      not null,
  message_key    bytea,
  message_value  bytea,
  headers        json        not null, -- [[name, value in base64], …], in the order of the message
  message_time   timestamptz,
  code           text        not null, -- of the error catalogue
  detail         text        not null,
  violations     json        not null, -- [{pointer, detail}, …]; json, since jsonb refuses a NUL in a pointer
  digest         bytea       not null, -- SHA-256 of the value
  recorded_at    timestamptz not null default now(),
  announced_at   timestamptz
);

-- A redelivered message is the same dead letter. The digest is in the key because a topic that lost its log hands out the
-- same offsets again for other messages.
create unique index dead_letters_by_origin on dead_letters (topic, partition, message_offset, digest);
create index dead_letters_to_announce on dead_letters (id) where announced_at is null;
