-- Parcels, and what carriers report of them. New tables: older code survives beside them, and takes no reports.
--
-- A parcel is known by its number, before anybody says what is in it; whatever is keyed by numbers has the number first in its key, what
-- is keyed by orders the order, so that both can be distributed.

create table parcels (
  number                text collate "C" not null check (number ~ '^[0-9A-Z_]{1,64}$'), -- without spaces, dots and hyphens
  carrier               text collate "C" not null, -- lower case; '' when nobody has said
  status                text        not null check (status in
                          ('pre_transit', 'picked_up', 'in_transit', 'out_for_delivery', 'available_for_pickup', 'attempted_delivery', 'delivered',
                           'delayed', 'on_hold', 'return_to_sender', 'cancelled', 'failure', 'expired', 'unknown')),
  reason                text        not null,
  is_returning          boolean     not null,
  occurred_local        timestamp, -- of the checkpoint that decides the status, by the clock of the place
  occurred_at           timestamptz, -- the same as an instant; null when the zone is not known
  place                 text        not null,
  estimated_delivery_at timestamptz, -- as the carrier last said
  checkpoints           integer     not null check (checkpoints >= 0), -- how many there are
  shipped_since         timestamptz, -- when the first of its shipments was created; null: it is of none
  waiting_since         timestamptz, -- since when news are awaited; null: they are not
  silent_at             timestamptz, -- when it was noticed that no news come; the status is `expired` then
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  primary key (number, carrier),
  constraint silent_is_expired check (silent_at is null or status = 'expired'),
  constraint only_a_shipped_one_waits check (waiting_since is null or shipped_since is not null)
);

-- A report writes its row again, and no index has what it writes but the one of those that wait.
alter table parcels set (fillfactor = 80);
create index parcels_waiting on parcels (waiting_since) where waiting_since is not null;

-- What carriers said of parcels. Rows are never removed, and change only where a later report is more exact.
create table parcel_checkpoints (
  number         text collate "C" not null,
  carrier        text collate "C" not null,
  checkpoint_key text collate "C" not null, -- a hash of the carrier's id, or of code, local time, place and text
  checkpoint_id  text        not null, -- the carrier's id; '' when it has none
  code           text        not null, -- the carrier's, as it is
  status         text        not null,
  reason         text        not null,
  occurred_local timestamp   not null, -- by the clock of the place
  zone           text        not null check (zone in ('known', 'assumed', 'unknown')),
  offset_minutes integer     check (offset_minutes between -720 and 840), -- east of Greenwich
  place          text        not null,
  text           text        not null, -- the carrier's words
  position       integer     check (position >= 0), -- in the longest list, from the oldest; null: it only came by itself
  is_future      boolean     not null, -- it lay more than a day ahead each time it came
  received_at    timestamptz not null,
  primary key (number, carrier, checkpoint_key),
  constraint known_zone_has_an_offset check ((zone = 'known') = (offset_minutes is not null))
);

-- The shipments that are in parcels; a parcel may have several orders in it.
create table parcel_shipments (
  order_uid   text collate "C" not null,
  shipment_id text collate "C" not null,
  number      text collate "C" not null,
  carrier     text collate "C" not null,
  attached_at timestamptz not null,
  primary key (order_uid, shipment_id, number, carrier)
);

create index parcel_shipments_by_number on parcel_shipments (number, carrier);
