-- What was done from outside: a row a call, in the order in which calls ended.
create table fathom.audit (
    id bigint generated always as identity primary key,
    owner text not null default fathom.acting_owner(),
    at bigint not null,
    author text collate "C" not null,
    call text collate "C" not null,
    source text,
    args text not null,
    outcome text not null,
    reason text not null,
    duration_us bigint not null
);
create index audit_by_at on fathom.audit (at);

alter table fathom.audit enable row level security;
create policy of_owner on fathom.audit using (owner = fathom.acting_owner()) with check (owner = fathom.acting_owner());
