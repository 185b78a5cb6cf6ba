-- Tools of remote servers as a person, or the first look, has accepted them: another definition is not called.
create table remote_tools (
    server text not null,
    tool text not null,
    hash text not null,
    accepted_at integer not null,
    primary key (server, tool)
) strict, without rowid;

-- Calls of remote tools that change something, from before they are sent until they are answered. What stays here is ambiguous.
create table remote_calls (
    id text not null primary key,
    server text not null,
    tool text not null,
    arguments text not null,
    reason text not null,
    at integer not null
) strict, without rowid;
