select a.attrelid, a.attnum, a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity <> '',
  a.attgenerated <> '', pg_get_expr(e.adbin, e.adrelid), o.collname::text, d.description
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_attrdef as e on e.adrelid = a.attrelid and e.adnum = a.attnum
left join pg_catalog.pg_collation as o on o.oid = a.attcollation and o.collname <> 'default' and a.atttypid <> 'name'::regtype
left join pg_catalog.pg_description as d on d.objoid = a.attrelid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'v', 'm')
  and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
