-- $1 source, $2 layer, $3 kind, $4 prefix, $5 tag as JSON text, $6 run, $7 least confidence (null: any); $8 $9 $10 after; $11 limit
select e.layer, e.kind, e.key, e.competing,
       e.at, e.author, e.run, e.task, e.step, e.model, e.status, e.confidence, e.tags, e.links, e.evidence, e.document
from fathom.entries as e
where e.source = $1
  and e.document <> 'null'
  and (e.layer, e.kind, e.key) > ($8::bigint, $9::text, $10::text)
