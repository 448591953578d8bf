-- Links to the tracking pages of orders. New tables: older code survives beside them, and serves no such pages.
--
-- A link is made of the order's uid and a secret, so that no order has a row here unless a link of it was revoked.

create table tracking_links (
  order_uid  text collate "C" primary key,
  revision   integer     not null check (revision >= 1), -- which of the order's links is valid; without a row the one of revision 0
  reason     text        not null, -- why the one before it was revoked last, by whom, and when
  actor      text        not null,
  revoked_at timestamptz not null
);

-- What links are made with. Another one makes all of them invalid.
create table tracking_link_secret (
  only_row boolean primary key default true check (only_row),
  secret   bytea not null check (octet_length(secret) = 32)
);

-- 244 random bits: a UUID of this kind has 122, of the server's strong source of randomness.
insert into tracking_link_secret (secret)
select sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));
