insert into queries (source, caller, tool, digest, text, count, refused, failed, total_us, max_us, rows, first_at, last_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (source, caller, tool, digest) do update set
    count = queries.count + excluded.count,
    refused = queries.refused + excluded.refused,
    failed = queries.failed + excluded.failed,
    total_us = queries.total_us + excluded.total_us,
    max_us = max(queries.max_us, excluded.max_us),
    rows = queries.rows + excluded.rows,
    first_at = min(queries.first_at, excluded.first_at),
    last_at = max(queries.last_at, excluded.last_at)
