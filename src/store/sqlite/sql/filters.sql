-- What is asked of the claim that stands: $5 tag, $6 run, $7 least confidence, $8 status, $9 link (null: any).
  and ($5 is null or exists (select 1 from json_each(e.tags) as t where t.value = $5))
  and ($6 is null or e.run = $6)
  and ($7 is null or e.confidence >= $7)
  and ($8 is null or $8 = case when e.stale is null then e.status else 'stale' end)
  and ($9 is null or exists (select 1 from json_each(e.links) as l where l.value = $9))
