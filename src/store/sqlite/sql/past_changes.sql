    order by e.layer, e.kind, e.key
    limit $9
)
-- Of each entry the last claim of each author up to the moment, and all marks; one row without a change where it was not there yet.
select e.layer, e.kind, e.key, h.revision, h.standing,
       h.at, h.author, h.run, h.task, h.step, h.model, h.status, h.confidence, h.tags, h.links, h.evidence, h.document, h.stale
from picked as e
left join history as h
    on h.entry = e.id and h.at <= $10
   and (h.stale is not null or not exists (
        select 1 from history as l
        where l.entry = h.entry and l.revision > h.revision and l.author = h.author and l.stale is null and l.at <= $10))
order by e.layer, e.kind, e.key, h.revision
