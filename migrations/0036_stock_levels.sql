-- Lists of what is low or out of stock: few items are, and without an index every page looked through 20,000 of all. It has no entry for items
-- in stock, and an entry changes only when a level does, so that movements cost what they did. Older code survives beside it.
create index item_streams_by_level on item_streams (level, chrt_id) where level <> 'in_stock';
