-- What metrics count at each scrape: parcels that no shipment has, and returns whose refund has failed. Indexes have just these, so that it
-- costs the same however many there are of the others. Older code survives beside them.
create index parcels_unattached on parcels (created_at) where shipped_since is null;
create index returns_refund_failed on returns (return_id) where refund_state = 'failed';
