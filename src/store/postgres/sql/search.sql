-- $1 source; $2 to $7 as in list_entries.sql; $8 any of the pieces; $9 the pieces; $10 limit; $11 entries that are ranked.
-- A piece weighs the more the fewer of the entries found have it, and where it stands: key, then label, then text.
with found as materialized (
    select e.id, e.words
    from fathom.entries as e
    where e.source = $1
      and e.words @@ $8::tsquery
