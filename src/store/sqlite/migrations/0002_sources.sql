-- Sources that have a name. `sealed` is what opens them, encrypted under the key of the data folder.
create table sources (
    name text primary key,
    owner text not null default 'local',
    shown text not null,
    sealed blob not null,
    limits text not null,
    created_at integer not null
) strict, without rowid;

create index snapshots_by_source on snapshots (source, at);
