-- Lists of the shipments of a carrier from a location: without an index a page checked 4,000 shipments of the carrier, which took 15 ms, and had
-- none where the location is rare. Older code survives beside it.
create index shipments_by_both on shipments (carrier, location, state, created_at, shipment_id)
  where carrier is not null and location is not null;
