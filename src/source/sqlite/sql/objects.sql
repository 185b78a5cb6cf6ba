select list.name, list.type, schema.sql
from pragma_table_list as list
left join sqlite_schema as schema on schema.name = list.name and schema.type in ('table', 'view')
where list.schema = 'main' and list.type <> 'shadow' and list.name not like 'sqlite\_%' escape '\'
order by list.name
