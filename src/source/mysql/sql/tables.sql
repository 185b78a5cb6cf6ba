select table_name, table_type, engine, table_rows, data_length, index_length, create_options, table_comment
from information_schema.tables
where table_schema = ?
