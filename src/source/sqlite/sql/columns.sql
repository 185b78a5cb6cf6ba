select schema.name, info.cid, info.name, info.type, info."notnull", info.dflt_value, info.pk, info.hidden
from sqlite_schema as schema
join pragma_table_xinfo(schema.name) as info
where schema.type = 'table' and schema.sql not like 'create virtual%' and schema.name not like 'sqlite\_%' escape '\'
order by schema.name, info.cid
