-- A run is one row; the number `no` stands for it in the tables that grow.
create table runs (
    no integer primary key,
    run_id text not null unique,
    owner text not null default 'local',
    source text,
    status text not null,
    node text,
    epoch integer not null default 0,
    next_seq integer not null default 1,
    created_at integer not null,
    updated_at integer not null,
    summary text not null,
    asked text not null,
    request text not null
) strict;
create index runs_by_status on runs (status);
create index runs_by_source on runs (source) where source is not null;
create index runs_by_asked on runs (asked);
create index runs_unfinished on runs (no) where status not in ('finished', 'failed', 'cancelled');

create table idempotency (
    owner text not null,
    key text not null,
    digest text not null,
    run_id text not null,
    at integer not null,
    primary key (owner, key)
) strict, without rowid;

-- The journal. `id` is `no << 32 | seq`: one B-tree, a run's events side by side, large rows without overflow pages.
create table events (
    id integer primary key,
    at integer not null,
    kind text not null,
    message text not null,
    data text not null
) strict;

-- Written at the end, read after a restart only: a heap with a small index costs the least.
create table steps (
    id integer primary key,
    run integer not null,
    task integer not null,
    step text not null,
    result text not null
) strict;
create unique index steps_by_name on steps (run, task, step);

create table commands (
    no integer primary key,
    run integer not null references runs (no),
    command_id text not null,
    at integer not null,
    body text not null,
    outcome text,
    unique (run, command_id)
) strict;
create index commands_open on commands (run) where outcome is null;

-- An identity and the claim that stands. `path` is the key without its first component.
create table entries (
    id integer primary key,
    owner text not null default 'local',
    source text not null,
    layer integer not null,
    kind text not null,
    key text not null,
    path text not null,
    author text not null,
    run text,
    task integer,
    step text,
    model text,
    status text not null,
    confidence real not null,
    competing integer not null,
    rivals integer not null,
    revision integer not null,
    at integer not null,
    tags text not null,
    links text not null,
    evidence text not null,
    document text not null,
    unique (source, layer, kind, key)
) strict;

create index entries_by_path on entries (source, path);
create index entries_by_run on entries (run, source, layer, kind, key) where run is not null;

-- The claims of other authors, which do not stand now but may again.
create table rivals (
    entry integer not null references entries (id),
    author text not null,
    run text,
    task integer,
    step text,
    model text,
    status text not null,
    confidence real not null,
    at integer not null,
    tags text not null,
    links text not null,
    evidence text not null,
    document text not null,
    primary key (entry, author)
) strict, without rowid;

-- What was claimed, when and by whom: one row a change, as the claim read after it.
create table history (
    id integer primary key,
    entry integer not null,
    revision integer not null,
    at integer not null,
    author text not null,
    run text,
    task integer,
    status text not null,
    confidence real not null,
    document text not null
) strict;
create index history_by_entry on history (entry, revision);

-- Words of entries; `rowid` is the entry's id. The text itself is read from `entries`.
create virtual table search using fts5 (
    key, label, text,
    content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2 tokenchars '_'"
);
insert into search (search, rank) values ('rank', 'bm25(8.0, 2.0, 1.0)');

-- In how many entries a word stands.
create virtual table search_words using fts5vocab (search, 'row');

create table snapshots (
    id text primary key,
    owner text not null default 'local',
    source text not null,
    at integer not null,
    body text not null
) strict;

create table tokens (
    name text primary key,
    owner text not null default 'local',
    hash text not null,
    created_at integer not null
) strict, without rowid;

-- What readiness writes.
create table probes (
    one integer primary key check (one = 1),
    at integer not null
) strict;
