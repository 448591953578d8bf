-- What became of a dead letter: it is open until it is replayed or discarded, and everything that was tried is kept with who
-- and why. Columns with defaults and new tables only: the code before it goes on recording and reading dead letters.

alter table dead_letters
  add column state    text    not null default 'open' check (state in ('open', 'replayed', 'discarded')),
  add column attempts integer not null default 0      check (attempts >= 0), -- also the number of the last entry below
  -- A letter that is not open was dealt with by its last attempt.
  add constraint dealt_with_by_an_attempt check (state = 'open' or attempts > 0);

-- What lists are filtered by.
create index dead_letters_by_state on dead_letters (state, id);
create index dead_letters_by_code on dead_letters (code, id);
-- What a replay of all letters with one reason goes through.
create index dead_letters_open_by_code on dead_letters (code, id) where state = 'open';

-- Replays, refused ones among them, and what was discarded. Of a letter's refused attempts the latest are kept.
create table dead_letter_history (
  letter_id    bigint      not null references dead_letters (id) on delete cascade,
  attempt      integer     not null check (attempt >= 1),
  outcome      text        not null,
  actor        text        not null,
  reason       text        not null,
  order_uid    text collate "C",      -- of the order that was placed or changed
  code         text,                  -- why it was refused, as in dead_letters
  detail       text,
  violations   json,
  is_edited    boolean     not null,  -- whether other bytes than those of the message were tried
  edited_value bytea,                 -- they, of the latest such attempt
  recorded_at  timestamptz not null,
  primary key (letter_id, attempt),
  constraint outcome_says_what_it_must check (
    (outcome in ('placed', 'duplicate', 'carried_out') and order_uid is not null and code is null)     or
    (outcome = 'refused'                               and order_uid is null     and code is not null) or
    (outcome = 'discarded'                             and order_uid is null     and code is null and reason <> '')
  ),
  constraint bytes_only_of_edited_ones check (edited_value is null or is_edited)
);

-- How many letters there are, so that a scrape or a page does not count a million of them: a row for each topic, reason and
-- state. They are written in the order of their key, so that no two transactions wait for each other.
create table dead_letter_counts (
  topic   text   not null,
  code    text   not null,
  state   text   not null,
  letters bigint not null,
  primary key (topic, code, state)
);

create function count_dead_letters() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into dead_letter_counts as counts
    select topic, code, state, count(*) from new_letters group by 1, 2, 3 order by 1, 2, 3
        on conflict (topic, code, state) do update set letters = counts.letters + excluded.letters;
  elsif tg_op = 'DELETE' then
    insert into dead_letter_counts as counts
    select topic, code, state, -count(*) from old_letters group by 1, 2, 3 order by 1, 2, 3
        on conflict (topic, code, state) do update set letters = counts.letters + excluded.letters;
  else
    insert into dead_letter_counts as counts
    select topic, code, state, sum(letters)
      from (select topic, code, state,  1 as letters from new_letters
             union all
            select topic, code, state, -1 from old_letters) change
     group by 1, 2, 3
    having sum(letters) <> 0
     order by 1, 2, 3
        on conflict (topic, code, state) do update set letters = counts.letters + excluded.letters;
  end if;
  return null;
end $$;

create trigger dead_letters_inserted after insert on dead_letters
  referencing new table as new_letters for each statement execute function count_dead_letters();
create trigger dead_letters_updated after update on dead_letters
  referencing old table as old_letters new table as new_letters for each statement execute function count_dead_letters();
create trigger dead_letters_deleted after delete on dead_letters
  referencing old table as old_letters for each statement execute function count_dead_letters();

insert into dead_letter_counts select topic, code, state, count(*) from dead_letters group by 1, 2, 3;
