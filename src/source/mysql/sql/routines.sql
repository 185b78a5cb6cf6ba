select specific_name, routine_type, dtd_identifier, routine_body, external_language, routine_definition, routine_comment
from information_schema.routines
where routine_schema = ?
