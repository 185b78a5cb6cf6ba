select owned.table_name, checks.constraint_name, checks.check_clause
from information_schema.check_constraints as checks
join information_schema.table_constraints as owned
    on owned.constraint_schema = checks.constraint_schema and owned.constraint_name = checks.constraint_name
where checks.constraint_schema = ? and owned.constraint_type = 'CHECK'
