-- Carriers report the whole list of a parcel again and again. With a digest of what is stored, a report that begins with the same shows itself
-- what that is, and its checkpoints need not be read. A new column: older code survives beside it. It changes parcels without it, which newer
-- code notices by the time that the digest begins with; then it reads the checkpoints once.
alter table parcels add column list_digest text;
