  and ($2::bigint is null or e.layer = $2)
  and ($3::text is null or e.kind = $3)
  and ($4::text is null or (e.path >= $4 and e.path < $4 || chr(1114111)
       and (e.path = $4
            or substr(e.path, length($4) + 1, 1) in ('.', '/', ':', '>', '(', ',', ' ', '=', '~', '|')
            or substr(e.path, length($4) + 1, 2) = '->')))
