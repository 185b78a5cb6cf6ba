select view_name, table_schema, table_name
from information_schema.view_table_usage
where view_schema = ?
