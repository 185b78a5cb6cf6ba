-- What every listing asks of an entry, whichever index brings it; the parameters are those of list_entries.sql.
  and (e.layer, e.kind, e.key) > ($8, $9, $10)
  and e.document <> 'null'
  and ($2 is null or e.layer = $2)
  and ($3 is null or e.kind = $3)
  and ($4 is null or e.path = $4
       or (substr(e.path, 1, length($4)) = $4
           and (substr(e.path, length($4) + 1, 1) in ('.', '/', ':', '>', '(', ',', ' ', '=', '~', '|')
                or substr(e.path, length($4) + 1, 2) = '->')))
  and ($5 is null or exists (select 1 from json_each(e.tags) as t where t.value = $5))
  and ($6 is null or e.run = $6)
  and ($7 is null or e.confidence >= $7)
order by e.layer, e.kind, e.key
limit $11
