select n.nspname::text, p.proname::text, oidvectortypes(p.proargtypes), p.prokind::text, pg_get_function_result(p.oid), l.lanname::text,
  case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end, d.description
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
left join pg_catalog.pg_description as d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass and d.objsubid = 0
where n.nspname not like 'pg\_%' and n.nspname <> 'information_schema' and has_schema_privilege(n.oid, 'usage')
  and p.oid not in (select objid from pg_catalog.pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_proc'::regclass and deptype = 'e')
