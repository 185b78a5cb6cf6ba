-- $1 source; $2 to $9 as in list_entries.sql; $10 any of the pieces; $11 the pieces; $12 limit; $13 entries that are ranked.
-- BM25 over the entries found: a piece weighs the more the fewer of them have it, the higher it stands (key 8, label 2, text 1),
-- and the shorter the entry is. One occurrence of weight 1 has a `ts_rank` of 0.608, so 0.091 is the usual k1 of 1.2.
-- The source stands in an expression so that no index is asked for it: words are rare, and most entries are of one source.
with found as materialized (
    select e.id, e.words
    from fathom.entries as e
    where (e.source || '') = $1
      and e.words @@ $10::tsquery
