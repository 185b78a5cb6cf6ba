-- $1 run_id, $2 owner, $3 request, $4 asked, $5 at, $6 key or null, $7 digest, $8 summary, $9 status
insert into idempotency (owner, key, digest, run_id, at)
select $2, $6, $7, $1, $5 where $6 is not null
on conflict do nothing;
insert into runs (run_id, owner, status, created_at, updated_at, summary, asked, request)
select $1, $2, $9, $5, $5, $8, $4, $3
where $6 is null or exists (select 1 from idempotency where owner = $2 and key = $6 and run_id = $1)
on conflict do nothing;
select run_id, owner, request, source, status, summary, epoch, next_seq, created_at, updated_at, changes() as made,
       (select digest from idempotency where owner = $2 and key = $6) as digest
from runs
where run_id = coalesce((select run_id from idempotency where owner = $2 and key = $6), $1);
