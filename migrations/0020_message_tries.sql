-- A Kafka message that ends the process each time it is handled would be handled for ever: whoever comes after begins with it again.
-- So it is noted which messages are being handled after a start, and how often one that was handled alone had no end. A new
-- table only, with a row for each partition that has just begun: the code before it goes on working.

create table message_tries (
  topic          text    not null,
  partition      integer not null,
  -- The first message of a batch, or one that is handled alone.
  message_offset bigint  not null,
  -- How often it was handled alone; 0 for a batch.
  tries          integer not null,
  primary key (topic, partition, message_offset)
);
