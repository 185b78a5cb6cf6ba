-- $1 run_id
select command_id, body, outcome
from fathom.commands
where run = (select no from fathom.runs where run_id = $1) and outcome is null
order by no
