-- What callers asked of sources, literals aside: a row a source, caller, tool and text.
create table fathom.queries (
    owner text not null default fathom.acting_owner(),
    source text collate "C" not null,
    caller text collate "C" not null,
    tool text collate "C" not null,
    digest text collate "C" not null,
    text text not null,
    count bigint not null,
    refused bigint not null,
    failed bigint not null,
    total_us bigint not null,
    max_us bigint not null,
    rows bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    primary key (source, caller, tool, digest)
);

alter table fathom.queries enable row level security;
create policy of_owner on fathom.queries using (owner = fathom.acting_owner()) with check (owner = fathom.acting_owner());
