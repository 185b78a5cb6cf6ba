-- $7 entries, $8 their documents
insert into entries (
    id, source, layer, kind, key, path, competing, rivals, revision,
    at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale)
select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8,
       j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12, j.value ->> 13, j.value ->> 14, j.value ->> 15, j.value ->> 16,
       j.value ->> 17, j.value ->> 18, j.value ->> 19, cast(substr($8, j.value ->> 20, j.value ->> 21) as text), j.value ->> 22
from json_each($7) as j
where true
on conflict (id) do update set
    competing = excluded.competing, rivals = excluded.rivals, revision = excluded.revision, at = excluded.at,
    author = excluded.author, run = excluded.run, task = excluded.task, step = excluded.step, model = excluded.model,
    status = excluded.status, confidence = excluded.confidence, tags = excluded.tags, links = excluded.links,
    evidence = excluded.evidence, document = excluded.document, stale = excluded.stale;
-- $9 [entry, …] whose rivals are written anew   $10 rivals   $11 their documents
delete from rivals where entry in (select value from json_each($9));
insert into rivals (entry, at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale)
select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8,
       j.value ->> 9, j.value ->> 10, j.value ->> 11, cast(substr($11, j.value ->> 12, j.value ->> 13) as text), j.value ->> 14
from json_each($10) as j;
-- $12 history   $13 its documents
insert into history (entry, revision, standing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale)
select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8,
       j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12, j.value ->> 13,
       cast(substr($13, j.value ->> 14, j.value ->> 15) as text), j.value ->> 16
from json_each($12) as j;
-- $14 [entry, …] whose words changed   $15 [[entry, key, label, offset, length], …]   $16 texts
delete from search where rowid in (select value from json_each($14));
insert into search (rowid, key, label, text)
select j.value ->> 0, j.value ->> 1, j.value ->> 2, cast(substr($16, j.value ->> 3, j.value ->> 4) as text)
from json_each($15) as j;
