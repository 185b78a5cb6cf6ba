-- $1 source, $2 to $9 as in names.sql and filters.sql; $10 $11 $12 after; $13 limit
select e.layer, e.kind, e.key, e.competing,
       e.at, e.author, e.run, e.task, e.step, e.model, e.status, e.confidence, e.tags, e.links, e.evidence, e.document, e.stale
from entries as e
