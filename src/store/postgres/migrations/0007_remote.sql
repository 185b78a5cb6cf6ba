-- Tools of remote servers as a person, or the first look, has accepted them: another definition is not called.
create table fathom.remote_tools (
    owner text not null default fathom.acting_owner(),
    server text collate "C" not null,
    tool text collate "C" not null,
    hash text not null,
    accepted_at bigint not null,
    primary key (server, tool)
);

-- Calls of remote tools that change something, from before they are sent until they are answered. What stays here is ambiguous.
create table fathom.remote_calls (
    owner text not null default fathom.acting_owner(),
    id text collate "C" not null primary key,
    server text not null,
    tool text not null,
    arguments text not null,
    reason text not null,
    at bigint not null
);

alter table fathom.remote_tools enable row level security;
create policy of_owner on fathom.remote_tools using (owner = fathom.acting_owner()) with check (owner = fathom.acting_owner());
alter table fathom.remote_calls enable row level security;
create policy of_owner on fathom.remote_calls using (owner = fathom.acting_owner()) with check (owner = fathom.acting_owner());
