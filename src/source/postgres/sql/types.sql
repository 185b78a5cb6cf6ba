with recursive used(oid) as (
  select unnest($1::oid[])
  union
  select case when t.typtype = 'd' then t.typbasetype else t.typelem end from used join pg_catalog.pg_type as t on t.oid = used.oid
)
select t.oid, t.typname::text, t.typtype::text, t.typcategory::text, t.typnotnull,
  case when t.typtype = 'd' then t.typbasetype when t.typcategory = 'A' then t.typelem else 0 end,
  case when t.typtype = 'e' then array(select enumlabel::text from pg_catalog.pg_enum where enumtypid = t.oid order by enumsortorder) end
from pg_catalog.pg_type as t
where t.oid in (select oid from used)
