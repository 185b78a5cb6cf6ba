-- What was done from outside: a row a call, in the order in which calls ended.
create table audit (
    id integer primary key,
    at integer not null,
    author text not null,
    call text not null,
    source text,
    args text not null,
    outcome text not null,
    reason text not null,
    duration_us integer not null
) strict;
create index audit_by_at on audit (at);
