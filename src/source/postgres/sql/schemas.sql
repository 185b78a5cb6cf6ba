select n.nspname::text, coalesce(has_schema_privilege(n.oid, 'usage'), false)
from pg_catalog.pg_namespace as n
where n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
  and n.oid not in (select objid from pg_catalog.pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_namespace'::regclass and deptype = 'e')
