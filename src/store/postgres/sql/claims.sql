-- $1 sources, $2 layers, $3 kinds, $4 keys: an identity each, none twice.
-- A row a claim, the one that stands first; an identity that has none yet gets its number and no claim.
select w.position, coalesce(e.id, nextval('fathom.entry_ids')) as id, coalesce(e.revision, 0) as revision, c.stands,
       c.at, c.author, c.run, c.task, c.step, c.model, c.status, c.confidence, c.tags, c.links, c.evidence, c.document, c.stale
from unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) with ordinality as w (source, layer, kind, key, position)
left join fathom.entries as e on e.source = w.source and e.layer = w.layer and e.kind = w.kind and e.key = w.key
left join lateral (
    select 1::bigint as stands, e.at, e.author, e.run, e.task, e.step, e.model, e.status, e.confidence, e.tags, e.links, e.evidence, e.document, e.stale
    where e.id is not null
    union all
    select 0::bigint, r.at, r.author, r.run, r.task, r.step, r.model, r.status, r.confidence, r.tags, r.links, r.evidence, r.document, r.stale
    from fathom.rivals as r
    where r.entry = e.id and e.rivals > 0
) as c on true
order by w.position, c.stands desc
