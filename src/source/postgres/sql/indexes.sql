select i.indrelid, c.relname::text, i.indisunique, i.indisprimary, i.indkey::text, i.indoption::text, i.indnkeyatts, m.amname::text,
  c.relpages, i.indisvalid, case when i.indpred is not null then pg_get_expr(i.indpred, i.indrelid, true) end,
  case when i.indexprs is not null then array(select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) as k) end
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as m on m.oid = c.relam
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname not like 'pg\_%'
