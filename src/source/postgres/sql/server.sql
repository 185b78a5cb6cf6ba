select current_setting('server_version') as version, current_user::text as reader, current_setting('block_size')::int8 as block_size
