-- $1 first and $2 last of entries that are new: what was claimed of them first is what they say.
insert into history (entry, revision, standing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document)
select id, revision, author, at, author, run, task, step, model, status, confidence, tags, links, evidence, document
from entries
where id between $1 and $2
