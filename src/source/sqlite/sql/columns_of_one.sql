select $1, info.cid, info.name, info.type, info."notnull", info.dflt_value, info.pk, info.hidden
from pragma_table_xinfo($1) as info
order by info.cid
