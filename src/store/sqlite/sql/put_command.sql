-- $1 run_id, $2 command_id, $3 at, $4 body
insert into commands (run, command_id, at, body)
select no, $2, $3, $4 from runs where run_id = $1
on conflict do nothing;
select changes() as made, c.command_id, c.body, c.outcome
from runs as r join commands as c on c.run = r.no
where r.run_id = $1 and c.command_id = $2;
