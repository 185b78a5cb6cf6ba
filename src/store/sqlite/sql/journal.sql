-- $1 [[id, at, kind, message, offset, length], …]   $2 data
insert into events (id, at, kind, message, data)
select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, cast(substr($2, j.value ->> 4, j.value ->> 5) as text)
from json_each($1) as j;
-- $3 [[run, task, step, offset, length], …]   $4 results; a step that was stored before stands
insert into steps (run, task, step, result)
select j.value ->> 0, j.value ->> 1, j.value ->> 2, cast(substr($4, j.value ->> 3, j.value ->> 4) as text)
from json_each($3) as j
where true
on conflict (run, task, step) do nothing;
-- $5 [[run, command_id, outcome], …]
update commands set outcome = j.value ->> 2
from json_each($5) as j
where commands.run = j.value ->> 0 and commands.command_id = j.value ->> 1 and commands.outcome is null;
-- $6 [[run, status, source], …]: apart from the fence, so that appends do not touch the indexes
update runs set status = j.value ->> 1, source = j.value ->> 2
from json_each($6) as j
where runs.no = j.value ->> 0;
