    limit $11
), piece as materialized (
    select p.piece, count(*) as hits
    from (select piece::tsquery from unnest($9::text[]) as piece) as p
    join found as f on f.words @@ p.piece
    group by p.piece
), best as (
    select f.id,
           sum(ln(1 + ((select count(*) from found) - p.hits + 1.5::float8) / (p.hits + 0.5::float8))
               * ts_rank('{0, 0.1, 0.25, 1}', f.words, p.piece, 1)) as score
    from found as f
    join piece as p on f.words @@ p.piece
    group by f.id
    order by score desc, f.id
    limit $10
)
select e.layer, e.kind, e.key, e.status, e.confidence, e.document, b.score
from best as b
join fathom.entries as e on e.id = b.id
order by b.score desc, e.id
