select c.oid, n.nspname::text, c.relname::text, c.relkind::text,
  case when c.reltuples < 0 or (c.relpages = 0 and c.reltuples = 0 and current_setting('server_version_num')::int < 140000) then null
       else c.reltuples::float8 end,
  (c.relpages + coalesce(long.relpages, 0))::int8,
  case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
  d.description, pg_get_userbyid(c.relowner)::text, parent.inhparent,
  case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
  case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
  coalesce(has_any_column_privilege(c.oid, 'select'), false),
  array_remove(array[
    case when has_table_privilege(c.oid, 'insert') then 'insert' end,
    case when has_table_privilege(c.oid, 'update') then 'update' end,
    case when has_table_privilege(c.oid, 'delete') then 'delete' end,
    case when has_table_privilege(c.oid, 'truncate') then 'truncate' end], null)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_class as long on long.oid = c.reltoastrelid
left join pg_catalog.pg_description as d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
left join pg_catalog.pg_inherits as parent on parent.inhrelid = c.oid and c.relispartition
where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
  and c.oid not in (select objid from pg_catalog.pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')
