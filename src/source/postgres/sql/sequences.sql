select n.nspname::text, c.relname::text, owner.refobjid, owner.refobjsubid::int2
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_depend as owner on owner.classid = 'pg_class'::regclass and owner.objid = c.oid and owner.objsubid = 0
  and owner.refclassid = 'pg_class'::regclass and owner.refobjsubid > 0 and owner.deptype in ('a', 'i')
where c.relkind = 'S' and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema' and has_schema_privilege(n.oid, 'usage')
  and c.oid not in (select objid from pg_catalog.pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')
