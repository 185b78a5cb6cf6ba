select table_name, constraint_name, check_clause
from information_schema.check_constraints
where constraint_schema = ?
