-- What is asked of an entry's name: $2 layer, $3 kind, $4 prefix (null: any).
  and ($2 is null or e.layer = $2)
  and ($3 is null or e.kind = $3)
  and ($4 is null or e.path = $4
       or (substr(e.path, 1, length($4)) = $4
           and (substr(e.path, length($4) + 1, 1) in ('.', '/', ':', '>', '(', ',', ' ', '=', '~', '|')
                or substr(e.path, length($4) + 1, 2) = '->')))
