select distinct r.ev_class, d.refobjid
from pg_catalog.pg_rewrite as r
join pg_catalog.pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
where r.rulename = '_RETURN' and d.refobjid <> r.ev_class and r.oid >= 16384
