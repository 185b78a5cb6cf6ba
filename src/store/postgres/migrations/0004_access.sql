-- What a token lets its holder do; those that were there may do what they could. One that was revoked keeps its name, under which claims stand.
alter table fathom.tokens
    add column kind text not null default 'person',
    add column scopes text not null default 'read sql write approve admin',
    add column expires_at bigint,
    add column revoked_at bigint;
