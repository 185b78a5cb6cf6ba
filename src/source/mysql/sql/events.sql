select event_name, cast(execute_at as char), interval_value, interval_field, status, event_definition, event_comment
from information_schema.events
where event_schema = ?
