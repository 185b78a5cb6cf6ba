select schema.name, list.id, list."table", list."from", list."to", list.on_update, list.on_delete
from sqlite_schema as schema
join pragma_foreign_key_list(schema.name) as list
where schema.type = 'table'
order by schema.name, list.id desc, list.seq
