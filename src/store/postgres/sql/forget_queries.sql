delete from fathom.queries as gone
using (
    select source, caller, tool, digest,
           row_number() over (partition by source order by count desc, last_at desc, digest) as place,
           count(*) over (partition by source) as all_of_source
    from fathom.queries where source = any($1)
) as ranked
where ranked.all_of_source > $2 and ranked.place > $3
  and (gone.source, gone.caller, gone.tool, gone.digest) = (ranked.source, ranked.caller, ranked.tool, ranked.digest)
