select r.rolname::text, r.rolsuper,
  (select count(*) from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'f', 'v') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
     and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'insert, update, delete, truncate')),
  array(select n.nspname::text from pg_catalog.pg_namespace as n
        where n.nspname not like 'pg\_%' and n.nspname <> 'information_schema' and has_schema_privilege(n.oid, 'create') order by 1),
  array(select o.rolname::text from pg_catalog.pg_roles as o
        where o.rolname in ('pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
          and pg_has_role(o.oid, 'usage') order by 1)
from pg_catalog.pg_roles as r
where r.rolname = current_user
