-- What signing in to remote servers gave: tokens and registered clients, sealed, by server and by who issued them.
create table fathom.remote_logins (
    owner text not null default fathom.acting_owner(),
    server text collate "C" not null,
    issuer text collate "C" not null,
    sealed bytea not null,
    at bigint not null,
    primary key (server, issuer)
);

alter table fathom.remote_logins enable row level security;
create policy of_owner on fathom.remote_logins using (owner = fathom.acting_owner()) with check (owner = fathom.acting_owner());
