-- Whom a session acts for: `set fathom.owner = 'ann'`; `local` where nobody said.
create function fathom.acting_owner() returns text
language sql stable as $$ select coalesce(nullif(current_setting('fathom.owner', true), ''), 'local') $$;

-- Who writes entries of a source holds this until the end of the transaction: claims are read, settled and written as one.
create function fathom.lock_catalog(source text) returns bool
language sql volatile as $$ select pg_advisory_xact_lock(hashtextextended('fathom.catalog/' || source, 0)) is null $$;

-- One row: the version of the tables.
create table fathom.version (
    one bigint primary key default 1 check (one = 1),
    version bigint not null
);

-- A run is one row; the number `no` stands for it in the tables that grow.
create table fathom.runs (
    no bigint generated always as identity primary key,
    run_id text not null unique,
    owner text not null default fathom.acting_owner(),
    source text,
    status text not null,
    node text,
    epoch bigint not null default 0,
    next_seq bigint not null default 1,
    created_at bigint not null,
    updated_at bigint not null,
    summary text not null,
    asked text not null,
    request text not null
) with (fillfactor = 70);
create index runs_by_status on fathom.runs (status, no);
create index runs_by_source on fathom.runs (source, no) where source is not null;
create index runs_by_asked on fathom.runs (asked, no);
create index runs_unfinished on fathom.runs (no) where status not in ('finished', 'failed', 'cancelled');

create table fathom.idempotency (
    owner text not null default fathom.acting_owner(),
    key text not null,
    digest text not null,
    run_id text not null,
    at bigint not null,
    primary key (owner, key)
);

create table fathom.events (
    run bigint not null,
    seq bigint not null,
    owner text not null default fathom.acting_owner(),
    at bigint not null,
    kind text not null,
    message text not null,
    data text not null,
    primary key (run, seq)
);

create table fathom.steps (
    id bigint generated always as identity,
    run bigint not null,
    task bigint not null,
    step text collate "C" not null,
    owner text not null default fathom.acting_owner(),
    result text not null,
    primary key (run, task, step)
);

create table fathom.commands (
    no bigint generated always as identity primary key,
    run bigint not null,
    command_id text collate "C" not null,
    owner text not null default fathom.acting_owner(),
    at bigint not null,
    body text not null,
    outcome text,
    unique (run, command_id)
);
create index commands_open on fathom.commands (run, no) where outcome is null;

-- An identity and the claim that stands. `path` is the key without its first component; `words` is made where the entry is written.
create sequence fathom.entry_ids;
create table fathom.entries (
    id bigint primary key,
    owner text not null default fathom.acting_owner(),
    source text collate "C" not null,
    layer bigint not null,
    kind text collate "C" not null,
    key text collate "C" not null,
    path text collate "C" not null,
    author text not null,
    run text,
    task bigint,
    step text,
    model text,
    status text not null,
    confidence double precision not null,
    competing bigint not null,
    rivals bigint not null,
    revision bigint not null,
    at bigint not null,
    tags text not null,
    links text not null,
    evidence text not null,
    document text not null,
    words tsvector not null,
    unique (source, layer, kind, key)
) with (fillfactor = 85);
create index entries_by_path on fathom.entries (source, path);
create index entries_by_run on fathom.entries (run, source, layer, kind, key) where run is not null;
create index entries_by_words on fathom.entries using gin (words);
-- So that the words that many entries have are known by their frequency.
alter table fathom.entries alter column words set statistics 1000;

-- The claims of other authors, which do not stand now but may again.
create table fathom.rivals (
    entry bigint not null,
    author text not null,
    owner text not null default fathom.acting_owner(),
    run text,
    task bigint,
    step text,
    model text,
    status text not null,
    confidence double precision not null,
    at bigint not null,
    tags text not null,
    links text not null,
    evidence text not null,
    document text not null,
    primary key (entry, author)
);

-- What was claimed, when and by whom: one row a change, as the claim read after it.
create table fathom.history (
    entry bigint not null,
    revision bigint not null,
    owner text not null default fathom.acting_owner(),
    at bigint not null,
    author text not null,
    run text,
    task bigint,
    status text not null,
    confidence double precision not null,
    document text not null,
    primary key (entry, revision)
);

create table fathom.snapshots (
    id text primary key,
    owner text not null default fathom.acting_owner(),
    source text not null,
    at bigint not null,
    body text not null
);

create index snapshots_by_source on fathom.snapshots (source, at);

-- Sources that have a name. `sealed` is what opens them, encrypted under the key of the data folder.
create table fathom.sources (
    name text collate "C" primary key,
    owner text not null default fathom.acting_owner(),
    shown text not null,
    sealed bytea not null,
    limits text not null,
    created_at bigint not null
);

create table fathom.tokens (
    name text collate "C" primary key,
    owner text not null default fathom.acting_owner(),
    hash text not null,
    created_at bigint not null
);

-- What readiness writes.
create table fathom.probes (
    one bigint primary key check (one = 1),
    at bigint not null
);

-- Rows belong to owners. The role that owns the tables is above this until `alter table … force row level security`.
do $$
declare
    held text;
begin
    foreach held in array array[
        'runs', 'idempotency', 'events', 'steps', 'commands', 'entries', 'rivals', 'history', 'snapshots', 'sources', 'tokens'
    ] loop
        execute format('alter table fathom.%I enable row level security', held);
        execute format('create policy of_owner on fathom.%I using (owner = fathom.acting_owner()) with check (owner = fathom.acting_owner())', held);
    end loop;
end
$$;
