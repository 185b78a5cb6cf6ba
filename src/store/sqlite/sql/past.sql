-- $1 source, $2 layer, $3 kind, $4 prefix, $5 key (null: any); $6 $7 $8 after; $9 entries; $10 the moment
with picked as materialized (
    select e.id, e.layer, e.kind, e.key
    from entries as e
    where e.source = $1
      and (e.layer, e.kind, e.key) > ($6, $7, $8)
      and ($5 is null or e.key = $5)
