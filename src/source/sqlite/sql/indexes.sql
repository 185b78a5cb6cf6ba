select schema.name, list.name, list."unique", info.cid, info.name, info."desc", definition.sql
from sqlite_schema as schema
join pragma_index_list(schema.name) as list
join pragma_index_xinfo(list.name) as info
left join sqlite_schema as definition on definition.type = 'index' and definition.name = list.name
where schema.type = 'table' and schema.sql not like 'create virtual%' and list.origin <> 'pk' and info.key = 1
order by schema.name, list.seq desc, info.seqno
