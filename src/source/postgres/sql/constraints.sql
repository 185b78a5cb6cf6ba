select k.conrelid, k.conname::text, k.contype = 'f', k.conkey, k.confrelid, k.confkey, k.confupdtype::text, k.confdeltype::text,
  case when k.contype = 'c' then pg_get_expr(k.conbin, k.conrelid) end
from pg_catalog.pg_constraint as k
left join pg_catalog.pg_constraint as parent on parent.oid = k.conparentid and k.conparentid <> 0
join pg_catalog.pg_namespace as n on n.oid = k.connamespace
where k.conrelid <> 0 and k.contype in ('f', 'c') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
  -- A reference to a partitioned table is noted once more for each of its partitions.
  and parent.conrelid is distinct from k.conrelid
