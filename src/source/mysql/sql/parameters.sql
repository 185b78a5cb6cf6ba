select specific_name, routine_type, ordinal_position, parameter_mode, parameter_name, dtd_identifier
from information_schema.parameters
where specific_schema = ? and ordinal_position > 0
