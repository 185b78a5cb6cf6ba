select t.tgrelid, t.tgname::text, t.tgtype, pg_get_triggerdef(t.oid, true)
from pg_catalog.pg_trigger as t
where not t.tgisinternal
