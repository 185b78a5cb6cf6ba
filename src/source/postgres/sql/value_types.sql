select t.oid, format_type(t.oid, null), t.typcategory = 'A', coalesce(nullif(e.typbasetype, 0), e.oid), t.typdelim::text
from pg_catalog.pg_type as t
left join pg_catalog.pg_type as e on e.oid = t.typelem and t.typcategory = 'A'
where t.oid = any($1)
