-- What callers asked of sources, literals aside: a row a source, caller, tool and text.
create table queries (
    source text not null,
    caller text not null,
    tool text not null,
    digest text not null,
    text text not null,
    count integer not null,
    refused integer not null,
    failed integer not null,
    total_us integer not null,
    max_us integer not null,
    rows integer not null,
    first_at integer not null,
    last_at integer not null,
    primary key (source, caller, tool, digest)
) strict, without rowid;
