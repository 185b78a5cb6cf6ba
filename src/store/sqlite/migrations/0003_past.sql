-- A claim whose database has changed since it was made: JSON, why. Null: nothing changed.
alter table entries add column stale text;
alter table rivals add column stale text;

-- Changes are whole claims, so that entries can be read as they were; a mark is a change too. `standing` is whose claim stood after it.
alter table history add column step text;
alter table history add column model text;
alter table history add column tags text not null default '[]';
alter table history add column links text not null default '[]';
alter table history add column evidence text not null default '[]';
alter table history add column stale text;
alter table history add column standing text;
