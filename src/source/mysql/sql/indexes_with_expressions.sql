select table_name, index_name, seq_in_index, column_name, non_unique, sub_part, collation, index_type, expression
from information_schema.statistics
where table_schema = ?
