select table_name, constraint_name, update_rule, delete_rule
from information_schema.referential_constraints
where constraint_schema = ?
