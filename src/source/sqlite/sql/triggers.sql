select tbl_name, name, sql
from sqlite_schema
where type = 'trigger'
order by tbl_name, name
