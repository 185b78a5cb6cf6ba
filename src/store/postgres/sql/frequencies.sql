select w.word, (w.share * greatest(c.reltuples, 0))::bigint
from pg_stats as s
join pg_class as c on c.oid = 'fathom.entries'::regclass
cross join unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) as w (word, share)
where s.schemaname = 'fathom' and s.tablename = 'entries' and s.attname = 'words' and w.word is not null and w.share is not null
