-- How many orders came in when, and for how much: a reader of the log sums it up, so that an overview costs the same with a
-- million orders as with ten. A new table, and a place of a new reader: the code before it goes on working.

create table order_tallies (
  bucket   timestamptz      not null, -- the ten seconds that begin here
  currency text collate "C" not null,
  orders   bigint           not null check (orders > 0),
  amount   numeric          not null check (amount >= 0), -- in the currency's minor unit; sums go beyond a bigint
  primary key (bucket, currency)
);

insert into log_readers (name, xid, position) values ('tally', '0', 0) on conflict (name) do nothing;
