-- $3 [[source or null, layer, kind, key, run_id or null], …]: all claims on these identities.
select e.id, e.source, e.layer, e.kind, e.key, e.revision, 1 as stands,
       e.at, e.author, e.run, e.task, e.step, e.model, e.status, e.confidence, e.tags, e.links, e.evidence, e.document, e.stale
from json_each($3) as j
cross join entries as e
    on e.source = coalesce(j.value ->> 0, (select r.source from runs as r where r.run_id = j.value ->> 4))
   and e.layer = j.value ->> 1
   and e.kind = j.value ->> 2
   and e.key = j.value ->> 3;
select e.id, e.source, e.layer, e.kind, e.key, e.revision, 0 as stands,
       c.at, c.author, c.run, c.task, c.step, c.model, c.status, c.confidence, c.tags, c.links, c.evidence, c.document, c.stale
from json_each($3) as j
cross join entries as e
    on e.source = coalesce(j.value ->> 0, (select r.source from runs as r where r.run_id = j.value ->> 4))
   and e.layer = j.value ->> 1
   and e.kind = j.value ->> 2
   and e.key = j.value ->> 3
   and e.rivals > 0
cross join rivals as c on c.entry = e.id;
