-- $1 source, $2 to $9 as in names.sql and filters.sql; $10 words; $11 limit; $12 entries that are ranked, -1 for all
-- The rank is worked out once for each, here: as a column beside an order it would be twice.
with best as materialized (
    select rowid as id, -bm25(search, 8.0, 2.0, 1.0) as score
    from search
    where search match $10
    limit $12
)
select e.layer, e.kind, e.key, case when e.stale is null then e.status else 'stale' end, e.confidence, e.document, best.score
from best
cross join entries as e on e.id = best.id
where e.source = $1
