-- $1 [[run_id, epoch, first_seq, next_seq, at, offset, length], …]   $2 summaries
-- Only rows that are where their owner thinks they are move on. The old status and source come back.
update runs
set next_seq = j.value ->> 3,
    updated_at = j.value ->> 4,
    summary = cast(substr($2, j.value ->> 5, j.value ->> 6) as text)
from json_each($1) as j
where runs.run_id = j.value ->> 0
  and runs.epoch = j.value ->> 1
  and runs.next_seq = j.value ->> 2
returning run_id, no, status, source;
