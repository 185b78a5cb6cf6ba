-- $1 run_id, $2 after, $3 limit
select seq, at, kind, message, data
from fathom.events
where run = (select no from fathom.runs where run_id = $1) and seq > $2
order by seq
limit $3
