-- $1 source, $2 layer, $3 kind, $4 key, $5 author
select e.layer, e.kind, e.key, e.competing,
       e.at, e.author, e.run, e.task, e.step, e.model, e.status, e.confidence, e.tags, e.links, e.evidence, e.document, e.stale
from fathom.entries as e
where e.source = $1 and e.layer = $2 and e.kind = $3 and e.key = $4 and e.author = $5
union all
select e.layer, e.kind, e.key, e.competing,
       r.at, r.author, r.run, r.task, r.step, r.model, r.status, r.confidence, r.tags, r.links, r.evidence, r.document, r.stale
from fathom.entries as e
join fathom.rivals as r on r.entry = e.id
where e.source = $1 and e.layer = $2 and e.kind = $3 and e.key = $4 and r.author = $5
