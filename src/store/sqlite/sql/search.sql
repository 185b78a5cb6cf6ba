-- $1 source, $2 to $9 as in names.sql and filters.sql; $10 words; $11 limit
-- The cross join keeps the order of rank, so that rows are read for the best hits only.
select e.layer, e.kind, e.key, case when e.stale is null then e.status else 'stale' end, e.confidence, e.document, -search.rank as score
from search
cross join entries as e on e.id = search.rowid
where search match $10
  and e.source = $1
