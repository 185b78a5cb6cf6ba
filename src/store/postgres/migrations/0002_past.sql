-- A claim whose database has changed since it was made: JSON, why. Null: nothing changed.
alter table fathom.entries add column stale text;
alter table fathom.rivals add column stale text;

-- Changes are whole claims, so that entries can be read as they were; a mark is a change too. `standing` is whose claim stood after it.
alter table fathom.history
    add column step text,
    add column model text,
    add column tags text not null default '[]',
    add column links text not null default '[]',
    add column evidence text not null default '[]',
    add column stale text,
    add column standing text;
