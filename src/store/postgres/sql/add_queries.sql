insert into fathom.queries (source, caller, tool, digest, text, count, refused, failed, total_us, max_us, rows, first_at, last_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
on conflict (source, caller, tool, digest) do update set
    count = queries.count + excluded.count,
    refused = queries.refused + excluded.refused,
    failed = queries.failed + excluded.failed,
    total_us = queries.total_us + excluded.total_us,
    max_us = greatest(queries.max_us, excluded.max_us),
    rows = queries.rows + excluded.rows,
    first_at = least(queries.first_at, excluded.first_at),
    last_at = greatest(queries.last_at, excluded.last_at)
