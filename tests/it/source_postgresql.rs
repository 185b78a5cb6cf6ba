//! PostgreSQL as a source, on a real server: what a harvest of a hostile schema holds, what values become, and that limits hold.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::domain::{Egress, RoutineKind, Snapshot, Table, TableKind};
use fathom::source::{self, Dialect, Dsn, Error, ReadLimits, ReadQuery, Settings, Source, guard};
use fathom::tools::survey::Extent;
use fathom::tools::{Caller, Registry, Settings as ToolSettings, Workspace};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::servers::{Server, TestDatabase};
use super::tools::FakeStore;

async fn open(database: &TestDatabase) -> Arc<dyn Source> {
    opened(&database.url, &Settings::default()).await.unwrap()
}

async fn opened(url: &str, settings: &Settings) -> Result<Arc<dyn Source>, Error> {
    source::open(&Dsn::parse(url).unwrap(), settings).await
}

fn query(sql: &str) -> ReadQuery {
    guard::check(Dialect::Postgresql, sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"))
}

fn limits() -> ReadLimits {
    ReadLimits { max_rows: 100, max_bytes: 100_000, time: Duration::from_secs(5) }
}

/// One value, asked for as the one who may do everything.
async fn ask(database: &TestDatabase, sql: &str) -> i64 {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}

/// Statements of ours that run in the server; asked for until there are none, or for too long.
async fn assert_nothing_runs(database: &TestDatabase) {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{}' and application_name = 'fathom' and state = 'active'",
        database.name
    );
    for _ in 0..100 {
        if ask(database, &sql).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a statement still runs in the server");
}

fn table<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Table {
    snapshot.tables.iter().find(|table| table.full_name() == name).unwrap_or_else(|| panic!("no table {name}"))
}

fn own(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const HOSTILE: &str = r#"
    create schema shop; create schema "Größe"; create schema closed; create schema empty;
    create type shop.mood as enum ('sad', 'ok', 'with ''quote');
    create domain shop.good_mood as shop.mood not null check (value <> 'sad');
    create domain shop.amount as numeric(12, 2);
    create type shop.pair as (a int, b text);
    create table shop.parent (b int, a int, c text collate "C" unique, constraint "the key" primary key (b, a));
    create table shop.child (
        id bigint generated always as identity primary key, x int, y int, up bigint references shop.child on delete set null,
        gone text, mood shop.mood default 'ok', good shop.good_mood, moods shop.mood[], amount shop.amount, pair shop.pair,
        twice int generated always as (x * 2) stored, at timestamptz(3) not null default now(), tags text[],
        constraint to_parent foreign key (y, x) references shop.parent (b, a) on update cascade deferrable,
        constraint "positive x" check (x > 0));
    alter table shop.child drop column gone;
    create table shop.old (id serial, note varchar(20) default 'it''s');
    alter table shop.old add primary key (id);
    create table "Größe"."select" ("from" text, "a""b" int references shop.old, "日本" uuid);
    create table closed.secret (id int primary key);
    create table shop.to_closed (id int references closed.secret);
    create table shop.nothing ();
    create table shop.keyless (a int, b int);
    create unique index child_xy on shop.child (x desc, y) include (at) where x > 0;
    create index child_low on shop.child (lower(tags[1]), y desc nulls last);
    create index child_tags on shop.child using gin (tags);
    create table shop.part (id int, day date not null, primary key (id, day)) partition by range (day);
    create table shop.part_1 partition of shop.part for values from ('2024-01-01') to ('2025-01-01');
    create table shop.part_rest partition of shop.part default partition by list (id);
    create table shop.to_part (id int, day date, foreign key (id, day) references shop.part);
    create view shop.seen as select c.id, p.c as label from shop.child c join shop.parent p on p.a = c.x;
    create view "Größe".seen_again as select s.id from shop.seen s, shop.old o;
    create materialized view shop.kept as select count(*) as n from "Größe".seen_again;
    create function shop.f(a int) returns int language sql as 'select a';
    create function shop.f(a text, b int default 1) returns text language sql as 'select a';
    create procedure shop.p() language sql as 'select 1';
    create aggregate shop.total(int) (sfunc = int4pl, stype = int);
    create function shop.noted() returns trigger language plpgsql as 'begin return new; end';
    create trigger noted before insert or update on shop.child for each row execute function shop.noted();
    create trigger noted after delete on shop.parent for each statement execute function shop.noted();
    create sequence shop.free;
    create foreign data wrapper nowhere; create server far foreign data wrapper nowhere;
    create foreign table shop.far (id int) server far;
    comment on table shop.child is 'it''s a "child"'; comment on column shop.child.x is 'the x; drop';
    comment on function shop.f(int) is 'one f';
    insert into shop.old (note) values ('a'), ('b');
    analyze shop.old;
"#;

#[tokio::test]
async fn a_harvest_of_a_hostile_schema_is_whole_and_the_same_twice() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute(HOSTILE).await;
    let source = open(&database).await;
    let snapshot = source.harvest().await.unwrap();
    assert_eq!(snapshot, source.harvest().await.unwrap());
    assert!(snapshot.engine == "postgresql" && snapshot.engine_version.contains('.'), "{}", snapshot.engine_version);
    assert_eq!(snapshot.schemas, ["Größe", "closed", "empty", "public", "shop"]);
    assert!(snapshot.unread.is_empty(), "{:?}", snapshot.unread);

    let child = table(&snapshot, "shop.child");
    let columns: Vec<(&str, u32, &str, &str)> = child
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.position, column.declared_type.as_str(), column.r#type.as_str()))
        .collect();
    assert_eq!(
        columns,
        [
            ("id", 1, "bigint", "integer"),
            ("x", 2, "integer", "integer"),
            ("y", 3, "integer", "integer"),
            ("up", 4, "bigint", "integer"),
            ("mood", 5, "shop.mood", "enum"),
            ("good", 6, "shop.good_mood", "enum"),
            ("moods", 7, "shop.mood[]", "array"),
            ("amount", 8, "shop.amount", "decimal"),
            ("pair", 9, "shop.pair", "other"),
            ("twice", 10, "integer", "integer"),
            ("at", 11, "timestamp(3) with time zone", "timestamp"),
            ("tags", 12, "text[]", "array"),
        ]
    );
    let column = |name: &str| child.column(name).unwrap();
    for name in ["mood", "good", "moods"] {
        assert_eq!(column(name).enum_values, ["sad", "ok", "with 'quote"], "{name}");
    }
    assert!(column("id").identity && !column("id").nullable && !column("good").nullable && column("mood").nullable);
    assert_eq!(column("mood").default.as_deref(), Some("'ok'::shop.mood"));
    let twice = column("twice");
    assert_eq!((twice.generated, twice.expression.as_deref(), twice.default.as_deref()), (true, Some("(x * 2)"), None));
    assert_eq!((child.comment.as_deref(), column("x").comment.as_deref()), (Some("it's a \"child\""), Some("the x; drop")));
    assert_eq!(child.primary_key, ["id"]);
    assert_eq!(child.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["positive x"]);
    assert_eq!(child.privileges, ["insert", "update", "delete", "truncate"]);

    let references: Vec<_> =
        child.foreign_keys.iter().map(|key| (key.columns.clone(), key.to_table.as_str(), key.to_columns.clone())).collect();
    assert_eq!(references, [(own(&["up"]), "child", own(&["id"])), (own(&["y", "x"]), "parent", own(&["b", "a"]))]);
    assert_eq!(
        (child.foreign_keys[0].on_delete.as_deref(), child.foreign_keys[1].on_update.as_deref()),
        (Some("set null"), Some("cascade"))
    );
    let indexes: Vec<_> = child.indexes.iter().map(|index| (index.name.as_str(), index.unique, index.columns.clone())).collect();
    assert_eq!(
        indexes,
        [("child_low", false, own(&["lower(tags[1])", "y"])), ("child_tags", false, own(&["tags"])), ("child_xy", true, own(&["x", "y"])),]
    );
    assert_eq!(child.indexes[0].options, ["", "desc nulls last"]);
    assert_eq!((child.indexes[1].method.as_deref(), child.indexes[2].predicate.as_deref()), (Some("gin"), Some("x > 0")));
    assert_eq!(
        child.triggers.iter().map(|trigger| (trigger.name.as_str(), trigger.when.as_str())).collect::<Vec<_>>(),
        [("noted", "before insert or update")]
    );

    let parent = table(&snapshot, "shop.parent");
    assert_eq!((parent.primary_key.clone(), parent.triggers[0].when.as_str()), (own(&["b", "a"]), "after delete"));
    assert_eq!(parent.column("c").unwrap().collation.as_deref(), Some("C"));
    let old = table(&snapshot, "shop.old");
    assert_eq!((old.row_count, old.row_count_estimated, child.row_count), (Some(2), true, None));
    assert!(old.bytes.is_some_and(|bytes| bytes >= 8_192) && old.column("id").unwrap().identity);
    let odd = table(&snapshot, "Größe.select");
    assert_eq!(odd.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["from", "a\"b", "日本"]);
    assert_eq!((odd.foreign_keys[0].to_schema.as_str(), odd.foreign_keys[0].to_table.as_str()), ("shop", "old"));
    assert!(table(&snapshot, "shop.nothing").columns.is_empty() && table(&snapshot, "shop.keyless").primary_key.is_empty());

    let part = table(&snapshot, "shop.part");
    assert_eq!((part.kind, part.partitioning.as_deref()), (TableKind::PartitionedTable, Some("by RANGE (day)")));
    let rest = table(&snapshot, "shop.part_rest");
    assert_eq!((rest.partition_of.as_deref(), rest.partitioning.as_deref()), (Some("shop.part"), Some("DEFAULT, by LIST (id)")));
    assert!(table(&snapshot, "shop.part_1").partitioning.as_deref().unwrap().contains("FROM ('2024-01-01') TO ('2025-01-01')"));
    assert_eq!(table(&snapshot, "shop.to_part").foreign_keys.len(), 1);
    assert_eq!(table(&snapshot, "shop.far").kind, TableKind::ForeignTable);

    let again = table(&snapshot, "Größe.seen_again");
    assert_eq!((again.kind, again.reads.clone(), again.columns.len()), (TableKind::View, own(&["shop.old", "shop.seen"]), 1));
    assert_eq!(table(&snapshot, "shop.seen").reads, ["shop.child", "shop.parent"]);
    let kept = table(&snapshot, "shop.kept");
    assert_eq!((kept.kind, kept.reads.clone()), (TableKind::MaterializedView, own(&["Größe.seen_again"])));
    assert!(kept.definition.as_deref().unwrap().contains("count(*)"));

    let routines: Vec<_> =
        snapshot.routines.iter().map(|routine| (routine.name.as_str(), routine.signature.as_str(), routine.kind)).collect();
    assert_eq!(
        routines,
        [
            ("f", "integer", RoutineKind::Function),
            ("f", "text, integer", RoutineKind::Function),
            ("noted", "", RoutineKind::Function),
            ("p", "", RoutineKind::Procedure),
            ("total", "integer", RoutineKind::Aggregate),
        ]
    );
    assert_eq!(snapshot.routines[0].comment.as_deref(), Some("one f"));
    assert!(snapshot.routines[2].definition.as_deref().unwrap().contains("return new"));
    let sequences: Vec<_> = snapshot.sequences.iter().map(|sequence| (sequence.name.as_str(), sequence.owned_by.as_deref())).collect();
    assert_eq!(sequences, [("child_id_seq", Some("shop.child.id")), ("free", None), ("old_id_seq", Some("shop.old.id"))]);

    database.execute("alter table shop.keyless add column c int").await;
    assert_ne!(snapshot.id, source.harvest().await.unwrap().id);
}

#[tokio::test]
async fn what_a_user_may_not_read_is_named() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let role = format!("reader_{}", database.name);
    database.execute(HOSTILE).await;
    database
        .execute(&format!(
            "create role {role} login; grant usage on schema shop to {role};
             grant select on all tables in schema shop to {role}; revoke select on shop.keyless from {role}; grant insert on shop.old to {role}"
        ))
        .await;
    let url = database.url.replace("postgres@", &format!("{role}@"));
    let source = opened(&url, &Settings::default()).await.unwrap();
    let snapshot = source.harvest().await.unwrap();
    let warnings = source.warnings().await.unwrap();
    let refused = source.read(&query("select * from shop.keyless"), &limits()).await;
    let seen_by_all = open(&database).await.warnings().await.unwrap();
    drop(source);
    database.execute(&format!("drop owned by {role}; drop role {role}")).await;

    assert_eq!(snapshot.schemas, ["public", "shop"]);
    let unread = snapshot.unread.join("\n");
    for says in ["schema `closed`", "schema `Größe`", "rows of `keyless` in schema `shop`", "no `usage` permission", &role] {
        assert!(unread.contains(says), "{says}: {unread}");
    }
    // A reference says where it leads, even there.
    assert_eq!(table(&snapshot, "shop.to_closed").foreign_keys[0].to_columns, ["id"]);
    assert!(snapshot.tables.iter().all(|table| table.schema == "shop"));
    assert_eq!((table(&snapshot, "shop.old").privileges.clone(), table(&snapshot, "shop.child").privileges.len()), (own(&["insert"]), 0));
    assert!(warnings.len() == 1 && warnings[0].contains("may write to 1 tables"), "{warnings:?}");
    assert!(seen_by_all[0].contains("superuser"), "{seen_by_all:?}");
    assert!(matches!(&refused, Err(Error::Statement(says)) if says.contains("permission denied")), "{refused:?}");
}

#[tokio::test]
async fn an_empty_database_and_a_very_wide_table_are_harvested() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let source = open(&database).await;
    let empty = source.harvest().await.unwrap();
    assert_eq!((empty.schemas, empty.tables.len()), (own(&["public"]), 0));
    let columns: Vec<String> = (1..=1_600).map(|number| format!("c{number} int")).collect();
    database.execute(&format!("create table wide ({})", columns.join(", "))).await;
    let wide = source.harvest().await.unwrap();
    assert_eq!((wide.tables[0].columns.len(), wide.tables[0].columns[1_599].name.as_str()), (1_600, "c1600"));
    let rows = source.read(&query("select * from wide"), &limits()).await.unwrap();
    assert_eq!((rows.columns.len(), rows.row_count, rows.columns[0].r#type.as_str()), (1_600, 0, "integer"));
}

#[tokio::test]
async fn values_keep_their_kind_and_empty_answers_their_columns() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database
        .execute(
            "create type mood as enum ('sad', 'ok'); create type pair as (a int, b text); create domain amount as numeric(20, 2);
             create table t (mood mood, moods mood[], pair pair, amount amount, n int);
             insert into t values ('ok', '{sad,NULL,ok}', '(1,\"a b\")', 12.50, null)",
        )
        .await;
    let source = open(&database).await;
    for (expression, r#type, expect) in [
        ("null", "text", Value::Null),
        ("true", "boolean", json!(true)),
        ("9223372036854775807", "bigint", json!(i64::MAX)),
        ("12.50", "numeric", json!(12.5)),
        ("123456789012345678901234567890.5", "numeric", json!("123456789012345678901234567890.5")),
        ("'NaN'::numeric", "numeric", json!("NaN")),
        ("0.1::real", "real", json!(0.1)),
        ("'-Infinity'::float8", "double precision", json!("-Infinity")),
        ("'0044-03-15 BC'::date", "date", json!("0044-03-15 BC")),
        ("'infinity'::timestamptz", "timestamp with time zone", json!("infinity")),
        ("'2024-02-03 04:05:06.5+02'::timestamptz", "timestamp with time zone", json!("2024-02-03 02:05:06.5+00")),
        ("'1 day 02:00'::interval", "interval", json!("1 day 02:00:00")),
        ("'\\x00ff'::bytea", "bytea", json!({"blob_bytes": 2, "hex": "00ff"})),
        ("'{\"a\": [1, null]}'::jsonb", "jsonb", json!({"a": [1, null]})),
        ("array[[1, 2], [3, null]]", "integer[]", json!([[1, 2], [3, null]])),
        ("array[1.5, 'NaN']::numeric[]", "numeric[]", json!([1.5, "NaN"])),
        ("'[1,5)'::int4range", "int4range", json!("[1,5)")),
        ("'10.0.0.0/8'::inet", "inet", json!("10.0.0.0/8")),
        ("'00000000-0000-0000-0000-000000000001'::uuid", "uuid", json!("00000000-0000-0000-0000-000000000001")),
        ("'12.5'::money", "money", json!("$12.50")),
        ("b'101'", "bit", json!("101")),
        ("'<a/>'::xml", "xml", json!("<a/>")),
        ("'(1,2)'::point", "point", json!("(1,2)")),
        ("mood", "mood", json!("ok")),
        ("moods", "mood[]", json!(["sad", null, "ok"])),
        ("pair", "pair", json!("(1,\"a b\")")),
        ("amount", "numeric", json!(12.5)),
        ("n", "integer", Value::Null),
    ] {
        let sql = format!("select {expression} as v from t");
        let rows = source.read(&query(&sql), &limits()).await.unwrap();
        assert_eq!((rows.rows[0][0].clone(), rows.columns[0].r#type.as_str()), (expect, r#type), "{expression}");
        let none = source.read(&query(&format!("{sql} where false")), &limits()).await.unwrap();
        assert_eq!((none.columns, none.row_count, none.truncated), (rows.columns, 0, false), "{expression}");
    }
    let wide = source.read(&query("select repeat(repeat('é', 1000), 5000) as long, null as n, '' as e"), &limits()).await.unwrap();
    assert_eq!((wide.rows[0][0]["text_bytes"].clone(), wide.rows[0][0]["cut"].clone()), (json!(10_000_000), json!(true)));
    assert_eq!(wide.rows[0][1..], [Value::Null, json!("")]);
    let same = source.read(&query("select 1 as a, 2 as a"), &limits()).await.unwrap();
    assert_eq!(same.rows, [[json!(1), json!(2)]]);
}

#[tokio::test]
async fn values_that_are_not_utf_8_are_shown_and_marked() {
    let database = TestDatabase::with(Server::Postgresql, "encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'").await;
    database.execute("create table t (a text); insert into t values (E'caf\\xe9'), ('caf\u{e9}')").await;
    let source = open(&database).await;
    let rows = source.read(&query("select a from t"), &limits()).await.unwrap();
    assert_eq!(rows.rows, [[json!({"text": "caf\u{fffd}", "text_bytes": 4, "not_utf8": true})], [json!("café")]]);
    assert_eq!(source.harvest().await.unwrap().tables.len(), 1);
}

#[tokio::test]
async fn rows_and_bytes_are_bounded_while_reading() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute("create table big as select n, repeat('x', 100) as t from generate_series(1, 50000) as n").await;
    let source = open(&database).await;
    let started = Instant::now();
    let ten = ReadLimits { max_rows: 10, ..limits() };
    for sql in ["select a.n, b.n from big a, big b", "select a.n from generate_series(1, 1000000) as a (n), generate_series(1, 100) as b"] {
        let rows = source.read(&query(sql), &ten).await.unwrap();
        assert_eq!((rows.row_count, rows.truncated), (10, true));
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let rows = source.read(&query("select * from big"), &ReadLimits { max_rows: 20_000, max_bytes: 50_000, ..limits() }).await.unwrap();
    assert!(rows.truncated && rows.row_count > 100 && rows.row_count < 500, "{}", rows.row_count);
    let all = ReadLimits { max_rows: 50_000, max_bytes: usize::MAX, ..limits() };
    let rows = source.read(&query("select * from big"), &all).await.unwrap();
    assert_eq!((rows.row_count, rows.truncated), (50_000, false));
    let rows = source.read(&query("select n from big limit 3"), &ReadLimits { max_rows: 3, ..limits() }).await.unwrap();
    assert_eq!((rows.row_count, rows.truncated), (3, false));
}

#[tokio::test]
async fn texts_are_read_as_the_guard_reads_them_whatever_the_database_is_set_to() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute(&format!("alter database {} set standard_conforming_strings = off", database.name)).await;
    let source = opened(&database.url, &Settings::default()).await.unwrap();
    let rows = source.read(&query(r"select 'a\' as v, 'b' as w"), &limits()).await.unwrap();
    assert_eq!(rows.rows, [[json!(r"a\"), json!("b")]]);
}

const ENDLESS: &str =
    "select count(*) from generate_series(1, 1000000) as a, generate_series(1, 1000000) as b, generate_series(1, 1000) as c";

#[tokio::test]
async fn a_statement_that_runs_for_ever_is_ended_in_the_server() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let source = opened(&database.url, &Settings { pool: 2, ..Settings::default() }).await.unwrap();
    let short = ReadLimits { time: Duration::from_millis(150), ..limits() };
    for _ in 0..3 {
        let started = Instant::now();
        assert_eq!(source.read(&query(ENDLESS), &short).await, Err(Error::TimedOut(short.time)));
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    assert_nothing_runs(&database).await;
    // A caller that goes away leaves nothing running either, however much time it gave.
    for _ in 0..3 {
        let long = ReadLimits { time: Duration::from_secs(60), ..limits() };
        let gone = tokio::time::timeout(Duration::from_millis(100), source.read(&query(ENDLESS), &long)).await;
        assert!(gone.is_err());
    }
    assert_nothing_runs(&database).await;
    assert_eq!(source.read(&query("select 1"), &limits()).await.unwrap().single(), Some(&json!(1)));
}

#[tokio::test]
async fn fifty_queries_at_once_share_five_connections() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let source = opened(&database.url, &Settings { pool: 5, ..Settings::default() }).await.unwrap();
    let sql = query("select count(*) from generate_series(1, 100000)");
    let (sql, limits) = (&sql, &limits());
    let reading = join_all((0..50).map(|_| source.read(sql, limits)));
    let watching = async {
        let sql = format!("select count(*) from pg_stat_activity where datname = '{}' and application_name = 'fathom'", database.name);
        ask(&database, &sql).await
    };
    let (answers, connections) = tokio::join!(reading, watching);
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|rows| rows.single() == Some(&json!(100_000)))));
    assert!((1..=5).contains(&connections), "{connections}");
}

#[tokio::test]
async fn a_server_that_closed_the_connections_is_connected_to_again() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let source = open(&database).await;
    let (one, endless, limits) = (&query("select 1"), &query(ENDLESS), &limits());
    assert!(join_all((0..3).map(|_| source.read(one, limits))).await.iter().all(Result::is_ok));
    let end = format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{}' and application_name = 'fathom'",
        database.name
    );
    assert!(ask(&database, &end).await >= 1);
    assert!(source.read(one, limits).await.is_ok());
    // In the middle of a statement it is an error, and the next one is well again.
    let (answer, _) = tokio::join!(source.read(endless, limits), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        ask(&database, &end).await
    });
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert!(source.read(one, limits).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_opened_says_what_to_do() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let refusal = async |from: &str, to: &str| {
        let url = database.url.replacen(from, to, 1);
        opened(&url, &Settings::default()).await.err().unwrap_or_else(|| panic!("{url} was opened"))
    };
    let host = database.url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let (user, port) = ("postgres@", host.rsplit(':').next().unwrap().to_owned());
    let no_role = refusal(user, "nobody_here:s3cret@").await;
    let no_database = refusal(&database.name, "fathom_is_not_here").await;
    let no_server = refusal(&format!(":{port}/"), ":1/").await;
    let no_host = refusal(&host, "no-such-host.invalid:5432").await;
    let no_trust = refusal(&database.name, &format!("{}?sslmode=verify-full", database.name)).await;
    let no_mode = refusal(&database.name, &format!("{}?sslmode=perhaps", database.name)).await;
    for (error, says, may_come_back) in [
        (&no_role, "does not admit user `nobody_here`", false),
        (&no_database, "has no database `fathom_is_not_here`", false),
        (&no_server, "nothing listens at", true),
        (&no_host, "the host `no-such-host.invalid` cannot be found", matches!(no_host, Error::Unavailable(_))),
        (&no_trust, "TLS", false),
        (&no_mode, "perhaps", false),
    ] {
        let text = error.to_string();
        assert!(text.contains(says) && !text.contains("s3cret"), "{text}");
        assert_eq!(matches!(error, Error::Unavailable(_)), may_come_back, "{error:?}");
    }
}

/// A server without TLS that says no to whoever comes; its address.
async fn refusing(code: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 1024];
        let _asks_for_tls = stream.read(&mut asked).await;
        stream.write_all(b"N").await.unwrap();
        let _starts = stream.read(&mut asked).await;
        let fields = format!("SFATAL\0VFATAL\0C{code}\0Mno\0\0");
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let _gone = stream.write_all(&[b"E".as_slice(), &length, fields.as_bytes()].concat()).await;
    });
    address
}

#[tokio::test]
async fn a_wrong_password_and_a_server_without_tls_are_told_apart() {
    for (code, parameters, says, may_come_back) in [
        ("28P01", "", "refuses the password of user `ada`", false),
        ("28P01", "?sslmode=require", "offers no TLS", false),
        ("42501", "", "may not connect to `shop`", false),
        ("53300", "", "no connection left", true),
        ("57P03", "", "the server says: no", true),
    ] {
        let error =
            opened(&format!("postgres://ada:s3cret@{}/shop{parameters}", refusing(code).await), &Settings::default()).await.err().unwrap();
        let text = error.to_string();
        assert!(text.contains(says) && !text.contains("s3cret"), "{text}");
        assert_eq!(matches!(error, Error::Unavailable(_)), may_come_back, "{error:?}");
    }
}

#[tokio::test]
async fn the_database_says_what_is_wrong_with_a_statement_and_explains_a_good_one() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute("create table t (id int primary key, name text); create table gone (id int)").await;
    let source = open(&database).await;
    let wrong = source.read(&query("select nme from t"), &limits()).await.err().unwrap().to_string();
    assert!(wrong.contains("\"nme\" does not exist") && wrong.contains("t.name"), "{wrong}");
    assert!(source.read(&query("select * from gone"), &limits()).await.is_ok());
    database.execute("drop table gone").await;
    let gone = source.read(&query("select * from gone"), &limits()).await;
    assert!(
        matches!(&gone, Err(Error::Statement(says)) if says.contains("\"gone\" does not exist") && says.contains("read the source anew")),
        "{gone:?}"
    );
    let plan = source.explain(&query("select * from t where id = 1")).await.unwrap();
    assert!(plan.iter().any(|line| line.contains("t_pkey")), "{plan:?}");
}

#[tokio::test]
async fn the_tools_read_columns_of_every_kind() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database
        .execute(
            "create type mood as enum ('sad', 'ok'); create type pair as (a int, b text);
             create table parent (id uuid primary key, mood mood);
             create table t (i int, n numeric, f float8, m money, o oid, b bool, d date, ts timestamptz, ti time, iv interval, t text, c char(3),
                             u uuid references parent, j json, jb jsonb, x xml, by bytea, a int[], ja json[], e mood, p pair, ip inet, pt point,
                             r int4range, v tsvector);
             insert into parent values ('00000000-0000-0000-0000-000000000001', 'ok');
             insert into t values (1, 1.5, 'NaN', 3, 1, true, '2024-01-01', now(), '10:00', '1 day', '', 'a', '00000000-0000-0000-0000-000000000001',
                '{}', '{}', '<a/>', '\\x00', '{1}', array['{}'::json], 'ok', '(1,a)', '10.0.0.1', '(1,2)', '[1,2)', 'a b');
             insert into t default values;
             create table big as select n, n % 7 as k from generate_series(1, 300000) as n; analyze big;",
        )
        .await;
    let source = open(&database).await;
    let snapshot = Arc::new(source.harvest().await.unwrap());
    let store = Arc::new(FakeStore::default());
    let workspace =
        Arc::new(Workspace::new(source.key().clone(), snapshot.clone(), source, store, Extent::default()).with_egress(Egress::Full));
    let registry = Registry::standard(ToolSettings::default());
    let call = async |name: &str, args: Value| {
        let outcome = registry.execute(&workspace, &Caller::outside("test"), name, args.clone()).await;
        outcome.result.unwrap_or_else(|rejection| panic!("{name} {args}: {rejection}"))
    };
    let columns: Vec<&str> = table(&snapshot, "public.t").columns.iter().map(|column| column.name.as_str()).collect();
    let profile = call("table_profile", json!({"table": "t"})).await;
    assert_eq!((profile["rows_seen"].clone(), profile["columns"].as_array().unwrap().len()), (json!(2), columns.len()));
    assert_eq!(profile["columns"][1]["mean"], json!(1.5));
    for column in &columns {
        let one = call("column_profile", json!({"table": "t", "column": column})).await;
        assert_eq!((one["nulls"].clone(), one["distinct"].clone()), (json!(1), json!(1)), "{column}: {one}");
        let values = call("sample_distinct", json!({"table": "t", "column": column})).await;
        assert_eq!(values["values"].as_array().unwrap().len(), 2, "{column}");
    }
    let found = call("find_reference_candidates", json!({"table": "t", "column": "u"})).await;
    assert_eq!(found["candidates"][0]["check"]["violating_rows"], json!(0), "{found}");
    let rows = call("sample_rows", json!({"table": "t", "order_by": "i nulls last", "limit": 1})).await;
    assert_eq!((rows["rows"][0][0].clone(), rows["truncated"].clone()), (json!(1), json!(false)));
    let sampled = call("table_profile", json!({"table": "big"})).await;
    let seen = sampled["rows_seen"].as_u64().unwrap();
    assert!((9_000..11_000).contains(&seen) && sampled["method"] == json!("row_sample"), "{sampled}");
    let plan = call("explain_sql", json!({"sql": "select * from big where k = 3"})).await;
    assert!(plan["plan"][0].as_str().unwrap().contains("Scan"), "{plan}");
}
