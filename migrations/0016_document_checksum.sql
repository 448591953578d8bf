-- What was placed can be proven: each document has its checksum beside it, so that `verify` notices one that was changed in the
-- table, as by a mistake of a person or a disk. A column that may be empty and has no default: no row is rewritten. The code
-- before it goes on working, and what it places has no checksum.

alter table orders add column document_crc32 integer; -- CRC-32 of the document's UTF-8 bytes, as a signed number
