-- What signing in to remote servers gave: tokens and registered clients, sealed, by server and by who issued them.
create table remote_logins (
    server text not null,
    issuer text not null,
    sealed blob not null,
    at integer not null,
    primary key (server, issuer)
) strict, without rowid;
