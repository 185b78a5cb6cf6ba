-- $1 entries, $2 rivals, $3 history: JSON with the names of the columns.
-- $4 entries whose rivals are written anew.
with e as (
    select * from json_populate_recordset(null::fathom.entries, $1::json)
), stored as (
    insert into fathom.entries (
        id, source, layer, kind, key, path, competing, rivals, revision, at, author, run, task, step, model, status, confidence,
        tags, links, evidence, document, stale, words)
    select id, source, layer, kind, key, path, competing, rivals, revision, at, author, run, task, step, model, status, confidence,
           tags, links, evidence, document, stale, words
    from e
    on conflict (id) do update set
        competing = excluded.competing, rivals = excluded.rivals, revision = excluded.revision, at = excluded.at,
        author = excluded.author, run = excluded.run, task = excluded.task, step = excluded.step, model = excluded.model,
        status = excluded.status, confidence = excluded.confidence, tags = excluded.tags, links = excluded.links,
        evidence = excluded.evidence, document = excluded.document, stale = excluded.stale,
        words = excluded.words
), r as (
    select * from json_populate_recordset(null::fathom.rivals, $2::json)
), gone as (
    delete from fathom.rivals as o
    where o.entry = any ($4::bigint[]) and not exists (select 1 from r where r.entry = o.entry and r.author = o.author)
), kept as (
    insert into fathom.rivals (entry, author, run, task, step, model, status, confidence, at, tags, links, evidence, document, stale)
    select entry, author, run, task, step, model, status, confidence, at, tags, links, evidence, document, stale from r
    on conflict (entry, author) do update set
        run = excluded.run, task = excluded.task, step = excluded.step, model = excluded.model, status = excluded.status,
        confidence = excluded.confidence, at = excluded.at, tags = excluded.tags, links = excluded.links,
        evidence = excluded.evidence, document = excluded.document, stale = excluded.stale
)
insert into fathom.history (
    entry, revision, standing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale)
select entry, revision, standing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale
from json_populate_recordset(null::fathom.history, $3::json)
