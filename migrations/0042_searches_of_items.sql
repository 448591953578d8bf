-- Searches of items as a function, and an index of items that are not sold. A search took up to four statements, which were parsed and planned
-- for each page; a session keeps the plans of a function. Older code survives beside both.

-- Few of all items. It has no entry for the others, so that it costs an import nothing.
create index items_inactive on items (chrt_id) where not active;

-- A page of what a search finds, by the numbers of items.
--
-- No index has both, words and the order of the numbers. Walking items in their order costs 0.7 µs each, and makes a page of what is common.
-- The index of words costs 3 µs for each item that it finds, nearly every one on a page of its own, and is for what is rare. So the first items
-- are walked, and tell which is cheaper from there. A page costs at most what walking 10,000 items does, and may be short then.
--
-- Parameters: all words of the search, and each of them; whether to leave out what is not sold; the number before the page, and how many items it
-- has. Result: their numbers, and the number before the next page, null on the last one.
create function search_items(query tsquery, words tsquery[], only_active boolean, after_id bigint, page_size integer,
                             out ids bigint[], out next_id bigint)
language plpgsql stable
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  walked_max  constant integer := 10000;
  sample_size constant integer := 400;
  cost_ratio  constant integer := 4; -- an item that the index finds, to one that is walked
  portion     integer := sample_size;
  walked      integer := 0;
  rows_read   integer;
  more        bigint[];
  last_id     bigint := after_id;
  reach       float8;  -- how many items have to be walked for the rest of the page
  rare        tsquery; -- the words that the index is asked for
  rare_items  float8;  -- how many items have the rarest of them
  word        record;
begin
  ids := '{}';
  loop
    select array_agg(i.chrt_id order by i.chrt_id) filter (where i.fits), count(*), max(i.chrt_id)
      into more, rows_read, next_id
      from (select chrt_id, search @@ query and (active or not only_active) as fits
              from items where chrt_id > last_id order by chrt_id limit portion) i;
    ids := ids || more;
    walked := walked + rows_read;
    exit when cardinality(ids) > page_size;
    if rows_read < portion then
      next_id := null;
      return;
    end if;
    last_id := next_id;
    if rare is null then
      if cardinality(words) = 1 then
        rare := query;
        rare_items := cardinality(ids);
      else
        for word in
          select w.word, count(*) filter (where i.search @@ w.word) as items
            from (select search from items where chrt_id > after_id order by chrt_id limit sample_size) i
           cross join unnest(words) with ordinality w (word, number)
           group by w.word, w.number order by items
        loop
          -- A word that is much more common than the rarest spares less than its list of items costs.
          exit when word.items > 3 * rare_items;
          rare := coalesce(rare && word.word, word.word);
          rare_items := coalesce(rare_items, word.items);
        end loop;
      end if;
      rare_items := rare_items / sample_size * (select greatest(reltuples, 0) from pg_class where oid = 'items'::regclass);
    end if;
    reach := (page_size + 1 - cardinality(ids)) * walked::float8 / greatest(cardinality(ids), 1);
    if rare_items * cost_ratio < least(reach, walked_max) then
      -- offset 0 keeps the order from reaching into the search.
      more := array(select chrt_id
                      from (select chrt_id from items
                             where search @@ rare and (rare = query or (search @@ query) is true) and (active or not only_active)
                               and chrt_id > last_id
                             offset 0) i
                     order by chrt_id limit page_size + 1 - cardinality(ids));
      ids := ids || more;
      exit when cardinality(ids) > page_size;
      next_id := null;
      return;
    end if;
    if walked >= walked_max then
      return;
    end if;
    portion := least(ceil(reach * 1.2) + 50, walked_max - walked);
  end loop;
  ids := ids[:page_size];
  next_id := ids[page_size];
end $$;
