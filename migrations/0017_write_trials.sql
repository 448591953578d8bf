-- Readiness says whether orders can be written, so it tries: it puts a row here and empties the table, which takes new room on the
-- disk each time. Nothing else reads or writes it. The code before it does not know it and goes on working.

create table write_trials (
  filler text not null
);

-- As large on the disk as it is said to be.
alter table write_trials alter column filler set storage external;
