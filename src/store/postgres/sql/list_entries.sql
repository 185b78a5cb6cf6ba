-- $1 source, $2 layer, $3 kind, $4 prefix, $5 tag as JSON text, $6 run, $7 least confidence, $8 status, $9 link as JSON text (null: any);
-- $10 $11 $12 after; $13 limit
select e.layer, e.kind, e.key, e.competing,
       e.at, e.author, e.run, e.task, e.step, e.model, e.status, e.confidence, e.tags, e.links, e.evidence, e.document, e.stale
from fathom.entries as e
where e.source = $1
  and e.document <> 'null'
  and (e.layer, e.kind, e.key) > ($10::bigint, $11::text, $12::text)
