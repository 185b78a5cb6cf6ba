select table_name, column_name, ordinal_position, column_default, is_nullable, column_type, extra, generation_expression,
    character_set_name, collation_name, column_comment
from information_schema.columns
where table_schema = ?
