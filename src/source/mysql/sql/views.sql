select table_name, view_definition, definer
from information_schema.views
where table_schema = ?
