-- What carts are priced with: discount codes and who has used them, delivery methods, and tax rates. New tables only: older code
-- survives beside it, and does not know them.

create table discounts (
  code_key              text collate "C" primary key, -- the code in lower case
  code                  text        not null, -- as it was written
  kind                  text        not null check (kind in ('percent', 'fixed', 'free_delivery')),
  percent               smallint    check (percent between 1 and 100),
  amounts               json, -- what a fixed discount takes off, in the minor unit of each currency
  minimums              json, -- the least subtotal by currency; null: any
  starts_at             timestamptz,
  ends_at               timestamptz check (ends_at > starts_at),
  uses_max              bigint      check (uses_max >= 1), -- orders that may use it; null: any number
  uses_per_customer_max bigint      check (uses_per_customer_max >= 1),
  uses                  bigint      not null default 0 check (uses >= 0), -- orders that use it
  active                boolean     not null,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  constraint discount_is_of_its_kind check ((kind = 'percent') = (percent is not null) and (kind = 'fixed') = (amounts is not null)),
  -- Whatever the code believes, no more orders use a code than may.
  constraint discount_is_not_overused check (uses <= uses_max)
);

-- The row of a popular code is written again with each group of orders; with room beside it, its index does not have to follow.
alter table discounts set (fillfactor = 50);

-- Which orders use a code. The row of an order that is cancelled or expires is removed, and its use is free again.
create table discount_uses (
  order_uid text collate "C" not null,
  code_key  text collate "C" not null,
  customer  text collate "C" not null, -- SHA-256 of who bought: no personal data
  used_at   timestamptz not null,
  primary key (order_uid, code_key)
);

-- How many orders of a customer use a code: the sum of the rows above, by what it is asked for.
create table discount_customers (
  code_key text collate "C" not null,
  customer text collate "C" not null,
  uses     bigint not null check (uses >= 0),
  primary key (code_key, customer)
);

create table delivery_methods (
  method     text collate "C" primary key,
  name       text        not null,
  prices     json        not null, -- in the minor unit of each currency
  free_from  json, -- from which value of the goods it costs nothing, by currency; null: never
  countries  text[]      not null, -- empty: everywhere
  tax_class  text, -- null: it is not taxed
  active     boolean     not null,
  updated_at timestamptz not null
);

create table tax_rates (
  rate_id    text collate "C" primary key,
  country    text        not null check (country ~ '^[A-Z]{2}$'),
  region     text        not null, -- empty: the whole country
  region_key text        not null, -- in lower case: one rate is for a place and class
  tax_class  text        not null,
  name       text        not null,
  rate_ppm   integer     not null check (rate_ppm between 0 and 1000000), -- in millionths
  inclusive  boolean     not null,
  updated_at timestamptz not null
);

create unique index tax_rate_is_the_only_one on tax_rates (country, region_key, tax_class);
