    limit $13
), all_found as materialized (
    select count(*)::float8 as number, avg(length(words)) as words from found
), piece as materialized (
    select p.piece, count(*) as hits
    from (select piece::tsquery from unnest($11::text[]) as piece) as p
    join found as f on f.words @@ p.piece
    group by p.piece
), best as (
    select f.id, sum(ln(1 + (a.number - p.hits + 1.5) / (p.hits + 0.5)) * t.rank / (t.rank + 0.091 * (0.25 + 0.75 * length(f.words) / a.words))) as score
    from found as f
    join piece as p on f.words @@ p.piece
    cross join all_found as a
    cross join lateral (select ts_rank('{0, 0.125, 0.25, 1}', f.words, p.piece)::float8 as rank) as t
    group by f.id
    order by score desc, f.id
    limit $12
)
select e.layer, e.kind, e.key, case when e.stale is null then e.status else 'stale' end, e.confidence, e.document, b.score
from best as b
join fathom.entries as e on e.id = b.id
order by b.score desc, e.id
