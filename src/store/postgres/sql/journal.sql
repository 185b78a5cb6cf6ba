-- Events: $1 run, $2 owner, $3 seq, $4 at, $5 kind, $6 message, $7 data. Steps: $8 run, $9 owner, $10 task, $11 step, $12 result;
-- one that was stored before stands. Commands that were consumed: $13 run, $14 command_id, $15 outcome.
with written as (
    insert into fathom.events (run, owner, seq, at, kind, message, data)
    select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
), stepped as (
    insert into fathom.steps (run, owner, task, step, result)
    select * from unnest($8::bigint[], $9::text[], $10::bigint[], $11::text[], $12::text[])
    on conflict do nothing
)
update fathom.commands as c set outcome = u.outcome
from unnest($13::bigint[], $14::text[], $15::text[]) as u (run, command_id, outcome)
where c.run = u.run and c.command_id = u.command_id and c.outcome is null
