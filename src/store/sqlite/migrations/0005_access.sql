-- What a token lets its holder do; those that were there may do what they could. One that was revoked keeps its name, under which claims stand.
alter table tokens add column kind text not null default 'person';
alter table tokens add column scopes text not null default 'read sql write approve admin';
alter table tokens add column expires_at integer;
alter table tokens add column revoked_at integer;
