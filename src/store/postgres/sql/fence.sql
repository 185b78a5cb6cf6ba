-- A run a row: $1 run_id, $2 epoch, $3 first_seq, $4 next_seq, $5 at, $6 status, $7 source or null, $8 summary, $9 whether it writes entries.
-- Only rows that are where their owner thinks they are move on. Rows are locked in one order, then the catalogs of their sources.
with mine as (
    select r.no, r.source as known, a.*
    from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bool[])
        as a (run_id, epoch, first_seq, next_seq, at, status, source, summary, has_entries)
    join fathom.runs as r on r.run_id = a.run_id
    where r.epoch = a.epoch and r.next_seq = a.first_seq
    order by r.no
    for no key update of r
), moved as (
    update fathom.runs as r
    set next_seq = m.next_seq, updated_at = m.at, status = m.status, source = coalesce(m.source, r.source), summary = m.summary
    from mine as m
    where r.no = m.no
    returning r.run_id, r.no, r.owner, m.known, r.source, m.has_entries
)
select run_id, no, owner, known,
       case when has_entries and source is not null then fathom.lock_catalog(source) end
from (select * from moved order by source) as m
