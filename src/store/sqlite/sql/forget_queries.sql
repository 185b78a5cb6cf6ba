delete from queries
where source = $1
  and (select count(*) from queries where source = $1) > $2
  and (caller, tool, digest) in (
    select caller, tool, digest from queries where source = $1
    order by count desc, last_at desc, digest limit -1 offset $3
  )
