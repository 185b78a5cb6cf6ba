//! MySQL and MariaDB as a source, on a real MariaDB: a hostile schema, hostile values, hostile ways to connect.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::domain::{ForeignKey, Index, RoutineKind, Rows, Snapshot, Table, TableKind};
use fathom::source::{self, Dialect, Dsn, Error, ReadLimits, Settings, Source, guard};
use fathom::tools::{Caller, LocalWorkbench, Registry, Settings as ToolSettings, Workbench};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use super::support::servers::{Server, TestDatabase};
use super::tools::FakeStore;

async fn database(sql: &str) -> TestDatabase {
    let database = TestDatabase::new(Server::Mariadb).await;
    if !sql.is_empty() {
        database.execute(sql).await;
    }
    database
}

async fn open(url: &str) -> Result<Arc<dyn Source>, Error> {
    source::open(&Dsn::parse(url).unwrap(), &Settings::default()).await
}

async fn harvest(database: &TestDatabase) -> Snapshot {
    open(&database.url).await.unwrap().harvest().await.unwrap()
}

async fn read(source: &dyn Source, sql: &str, limits: &ReadLimits) -> Result<Rows, Error> {
    source.read(&guard::check(Dialect::Mysql, sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}")), limits).await
}

fn limits() -> ReadLimits {
    ReadLimits { max_rows: 100, max_bytes: 100_000, time: Duration::from_secs(5) }
}

fn table<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Table {
    snapshot.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"))
}

fn own(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `OTHER` stands for a second database.
const ODD: &str = r#"
    create table `Order Details` (`select` int not null, `b c` varchar(20) not null, `größe` double default 1.5,
        `ta``ble` int comment 'it''s "quoted", ünïcode', primary key (`select`, `b c`)) comment = 'say ''hi'' "there" `ok`';
    create table parent (a int not null, b int not null, c varchar(50) unique, primary key (b, a));
    create table child (
        id bigint unsigned auto_increment primary key, x int, y int, p int, boss bigint unsigned, o int,
        twice int generated always as (x * 2) virtual, summed int as (p + 1) stored,
        kind enum('a', 'it''s', 'x,y') not null default 'a', flags set('r', 'w'), ok tinyint(1) not null default 1, j json,
        price decimal(10, 2) unsigned default 0.00, made datetime(6) default current_timestamp(6) on update current_timestamp(6),
        l varchar(10) character set latin1 collate latin1_german1_ci, none_given int null default null, body text, spot point not null,
        constraint `my own key` foreign key (x, y) references parent (b, a) on delete cascade on update set null,
        constraint child_boss foreign key (boss) references child (id) on delete set null,
        constraint far foreign key (o) references OTHER.far (id) on update no action,
        constraint positive check (price >= 0),
        key prefixed (body(10)), key falling (x desc, y), fulltext words (body), spatial place (spot), unique key both_u (p, kind));
    create table parted (id int not null, d date not null) partition by range (year(d)) subpartition by hash (id) subpartitions 2
        (partition p0 values less than (2000), partition p1 values less than maxvalue);
    create table by_key (id int primary key) partition by key (id) partitions 3;
    create table no_key (a int);
    create table exact (a int) engine = MyISAM;
    create sequence numbers;
    create view plain as select a as label, cast(a as char) as words from no_key where a > 0;
    create view upon as select p.label, f.id from plain p join OTHER.far f on f.id = p.label;
    create table gone (x int);
    create view broken as select x from gone;
    drop table gone;
    create function f(a int, b varchar(20)) returns varchar(30) deterministic comment 'the function' return concat(a, b);
    create procedure f(in a int, out b varchar(10)) begin select 1 into b; end;
    create trigger before_no_key before insert on no_key for each row set new.a = coalesce(new.a, 0);
    create trigger after_no_key after delete on no_key for each row begin end;
    create event nightly on schedule every 1 day disable comment 'cleans' do delete from no_key;
    create event once on schedule at '2037-01-01 00:00:00' disable do delete from no_key;
    insert into no_key values (1), (2);
    insert into exact values (1), (2), (3);
"#;

/// The other database and the odd one; what is named last goes first, and the one that others' keys point to has to go last.
async fn odd() -> (TestDatabase, TestDatabase) {
    let other = database("create table far (id int primary key)").await;
    let odd = database(&ODD.replace("OTHER", &other.name)).await;
    (other, odd)
}

#[tokio::test]
async fn a_harvest_knows_what_a_hostile_schema_holds() {
    let (other, odd) = odd().await;
    let snapshot = harvest(&odd).await;
    assert_eq!((snapshot.engine.as_str(), snapshot.schemas.as_slice()), ("mysql", std::slice::from_ref(&odd.name)));
    assert!(snapshot.engine_version.contains("MariaDB"));
    let names: Vec<&str> = snapshot.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["Order Details", "broken", "by_key", "child", "exact", "no_key", "parent", "parted", "plain", "upon"]);

    let details = table(&snapshot, "Order Details");
    assert_eq!((details.primary_key.clone(), details.comment.as_deref()), (own(&["select", "b c"]), Some("say 'hi' \"there\" `ok`")));
    let columns: Vec<(&str, u32, &str)> = details.columns.iter().map(|c| (c.name.as_str(), c.position, c.r#type.as_str())).collect();
    assert_eq!(columns, [("select", 1, "integer"), ("b c", 2, "text"), ("größe", 3, "float"), ("ta`ble", 4, "integer")]);
    assert_eq!((details.columns[2].default.as_deref(), details.columns[3].default.as_deref()), (Some("1.5"), None));
    assert_eq!(details.columns[3].comment.as_deref(), Some("it's \"quoted\", ünïcode"));
    assert_eq!(table(&snapshot, "parent").primary_key, ["b", "a"]);

    let child = table(&snapshot, "child");
    let of = |name: &str| child.column(name).unwrap();
    assert_eq!((of("id").declared_type.as_str(), of("id").identity, of("id").nullable), ("bigint(20) unsigned", true, false));
    assert_eq!((of("twice").generated, of("twice").expression.as_deref()), (true, Some("`x` * 2")));
    assert_eq!((of("summed").generated, of("summed").default.as_deref()), (true, None));
    assert_eq!((of("kind").r#type.as_str(), of("kind").enum_values.clone()), ("enum", own(&["a", "it's", "x,y"])));
    assert_eq!((of("kind").default.as_deref(), of("flags").enum_values.clone()), (Some("'a'"), own(&["r", "w"])));
    assert_eq!((of("ok").r#type.as_str(), of("j").r#type.as_str(), of("price").r#type.as_str()), ("boolean", "json", "decimal"));
    assert_eq!((of("made").default.as_deref(), of("none_given").default.as_deref()), (Some("current_timestamp(6)"), None));
    assert_eq!((of("l").charset.as_deref(), of("l").collation.as_deref()), (Some("latin1"), Some("latin1_german1_ci")));
    let check = child.checks.iter().find(|check| check.name == "positive").unwrap();
    assert_eq!(check.condition, "`price` >= 0");

    let key = |name: &str, columns: &[&str], to: (&str, &str, &[&str]), on_update: Option<&str>, on_delete: Option<&str>| ForeignKey {
        name: Some(name.to_owned()),
        columns: own(columns),
        to_schema: to.0.to_owned(),
        to_table: to.1.to_owned(),
        to_columns: own(to.2),
        on_update: on_update.map(str::to_owned),
        on_delete: on_delete.map(str::to_owned),
    };
    let here = odd.name.as_str();
    let expect = [
        key("child_boss", &["boss"], (here, "child", &["id"]), Some("restrict"), Some("set null")),
        key("far", &["o"], (&other.name, "far", &["id"]), None, Some("restrict")),
        key("my own key", &["x", "y"], (here, "parent", &["b", "a"]), Some("set null"), Some("cascade")),
    ];
    assert_eq!(child.foreign_keys, expect);

    let index = |name: &str| child.indexes.iter().find(|index| index.name == name).unwrap().clone();
    let plain = |name: &str, columns: &[&str]| Index { name: name.to_owned(), columns: own(columns), ..Index::default() };
    assert_eq!(index("prefixed"), Index { options: own(&["prefix 10"]), ..plain("prefixed", &["body"]) });
    assert_eq!(index("falling"), Index { options: own(&["desc", ""]), ..plain("falling", &["x", "y"]) });
    assert_eq!(index("words"), Index { method: Some("fulltext".to_owned()), ..plain("words", &["body"]) });
    assert_eq!(index("place"), Index { method: Some("spatial".to_owned()), ..plain("place", &["spot"]) });
    assert_eq!(index("both_u"), Index { unique: true, ..plain("both_u", &["p", "kind"]) });

    let parted = table(&snapshot, "parted");
    assert_eq!(parted.kind, TableKind::PartitionedTable);
    assert_eq!(parted.partitioning.as_deref(), Some("range (year(`d`)), each by hash (`id`): p0 2000, p1 MAXVALUE"));
    assert_eq!(table(&snapshot, "by_key").partitioning.as_deref(), Some("key (`id`): p0, p1, p2"));
    assert_eq!((table(&snapshot, "no_key").row_count_estimated, table(&snapshot, "exact").row_count_estimated), (true, false));
    assert_eq!((table(&snapshot, "exact").row_count, table(&snapshot, "plain").row_count), (Some(3), None));
    assert!(table(&snapshot, "no_key").primary_key.is_empty() && table(&snapshot, "no_key").bytes.is_some());

    let upon = table(&snapshot, "upon");
    let mut reads = vec![format!("{here}.plain"), format!("{}.far", other.name)];
    reads.sort();
    assert_eq!((upon.kind, &upon.reads), (TableKind::View, &reads));
    assert_eq!(table(&snapshot, "plain").reads, [format!("{here}.no_key")]);
    assert!(upon.definition.as_deref().unwrap().starts_with("select") && upon.owner.as_deref() == Some("root@127.0.0.1"));
    assert!(table(&snapshot, "broken").columns.is_empty());
    assert!(snapshot.unread.len() == 1 && snapshot.unread[0].starts_with("view `broken`: View"), "{:?}", snapshot.unread);

    let triggers: Vec<(&str, &str)> = table(&snapshot, "no_key").triggers.iter().map(|t| (t.name.as_str(), t.when.as_str())).collect();
    assert_eq!(triggers, [("after_no_key", "after delete"), ("before_no_key", "before insert")]);
    let routines: Vec<(&str, &str, RoutineKind, Option<&str>)> =
        snapshot.routines.iter().map(|r| (r.name.as_str(), r.signature.as_str(), r.kind, r.returns.as_deref())).collect();
    let expect = [
        ("f", "a int(11), b varchar(20)", RoutineKind::Function, Some("varchar(30)")),
        ("f", "in a int(11), out b varchar(10)", RoutineKind::Procedure, None),
        ("nightly", "every 1 day (off)", RoutineKind::Event, None),
        ("once", "at 2037-01-01 00:00:00 (off)", RoutineKind::Event, None),
    ];
    assert_eq!(routines, expect);
    assert_eq!(
        (snapshot.routines[0].definition.as_deref(), snapshot.routines[0].comment.as_deref()),
        (Some("return concat(a, b)"), Some("the function"))
    );
    assert_eq!(snapshot.sequences.iter().map(|sequence| sequence.name.as_str()).collect::<Vec<_>>(), ["numbers"]);
    assert_eq!(child.privileges, ["alter", "delete", "drop", "insert", "update"]);
}

#[tokio::test]
async fn the_same_database_gives_the_same_snapshot_whatever_the_server_estimates() {
    let (_other, odd) = odd().await;
    let source = open(&odd.url).await.unwrap();
    let first = source.harvest().await.unwrap();
    odd.execute("insert into no_key select a from no_key; analyze table no_key").await;
    let second = source.harvest().await.unwrap();
    assert_ne!(table(&first, "no_key").row_count, table(&second, "no_key").row_count);
    assert_eq!(first.id, second.id);
    odd.execute("alter table no_key modify a bigint").await;
    assert_ne!(first.id, source.harvest().await.unwrap().id);
}

#[tokio::test]
async fn an_empty_database_and_one_of_a_thousand_columns_are_read() {
    let empty = database("").await;
    let snapshot = harvest(&empty).await;
    assert!(snapshot.tables.is_empty() && snapshot.routines.is_empty() && snapshot.schemas == [empty.name.clone()]);
    let columns: Vec<String> = (0..1_000).map(|number| format!("c{number} int")).collect();
    empty.execute(&format!("create table wide ({}) engine = MyISAM", columns.join(", "))).await;
    let snapshot = harvest(&empty).await;
    assert_eq!((snapshot.tables[0].columns.len(), snapshot.tables[0].columns[999].name.as_str()), (1_000, "c999"));
}

#[tokio::test]
async fn a_user_sees_what_is_theirs_and_one_who_may_write_is_warned_of() {
    let shop = database("create table mine (id int primary key); create table hidden (id int); create view v as select * from mine").await;
    let name = &shop.name[..30];
    shop.execute(&format!("create user {name}@'127.0.0.1' identified by 'p@ss/wörd#%'; grant select on mine to {name}@'127.0.0.1'; grant select on v to {name}@'127.0.0.1'")).await;
    let url = shop.url.replace("root@", &format!("{name}:p%40ss%2Fw%C3%B6rd%23%25@")).replace("mysql://", "mariadb://");
    let reader = open(&url).await.unwrap();
    let snapshot = reader.harvest().await.unwrap();
    let names: Vec<&str> = snapshot.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!((names, reader.warnings().await.unwrap()), (vec!["mine", "v"], vec![]));
    assert!(snapshot.unread.iter().any(|text| text.contains("view `v`")), "{:?}", snapshot.unread);
    assert!(table(&snapshot, "mine").privileges.is_empty());
    let refused = read(&*reader, "select * from hidden", &limits()).await.unwrap_err();
    assert!(matches!(&refused, Error::Statement(text) if text.contains("hidden")), "{refused}");

    shop.execute(&format!("grant insert, update (id) on mine to {name}@'127.0.0.1'")).await;
    let warnings = reader.warnings().await.unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("insert, update;") && warnings[0].contains(name), "{warnings:?}");
    assert_eq!(table(&reader.harvest().await.unwrap(), "mine").privileges, ["insert", "update"]);
    let wrong = shop.url.replace("root@", &format!("{name}:wrong_secret@"));
    let error = open(&wrong).await.err().unwrap();
    assert!(matches!(&error, Error::CannotOpen { reason, .. } if reason.contains("refuses this user or password")), "{error}");
    assert!(!error.to_string().contains("wrong_secret"));
    shop.execute(&format!("drop user {name}@'127.0.0.1'")).await;
    assert!(open(&shop.url).await.unwrap().warnings().await.unwrap().iter().any(|text| text.contains("file")));
}

#[tokio::test]
async fn what_cannot_be_opened_says_what_to_do() {
    let shop = database("").await;
    let (server, _) = shop.url.rsplit_once('/').unwrap();
    let port = server.rsplit_once(':').unwrap().1;
    for (url, never, says) in [
        (format!("{server}/no_such_database"), true, "no such database"),
        (format!("mysql://root:secret@127.0.0.1:{port}/{}", shop.name), true, "user or password"),
        ("mysql://root:secret@127.0.0.1:1/shop".to_owned(), false, "nothing listens"),
        ("mysql://root:secret@no-such-host.invalid/shop".to_owned(), true, "cannot be found"),
        (format!("{}?ssl-mode=VERIFY_IDENTITY", shop.url), true, "TLS"),
        (format!("{}?socket=/no/such/socket", shop.url), true, "`socket`"),
        (format!("{}?ssl-mode=sometimes", shop.url), true, "parameters are not understood"),
    ] {
        let started = Instant::now();
        let error = open(&url).await.err().unwrap_or_else(|| panic!("{url} was opened"));
        assert_eq!(matches!(error, Error::CannotOpen { .. }), never, "{url}: {error:?}");
        assert!(error.to_string().contains(says) && !error.to_string().contains("secret"), "{url}: {error}");
        assert!(started.elapsed() < Duration::from_secs(4), "{url}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn hostile_values_are_read_as_they_are() {
    let shop = database(
        "set sql_mode = '';
         create table v (tiny tinyint, utiny tinyint(1) unsigned, small smallint, medium mediumint, big bigint, ubig bigint unsigned, f float, d double,
             money decimal(12, 2), huge decimal(65, 10), day date, moment datetime(6), stamp timestamp null, span time(3), y year, flag bit(1), bits bit(10),
             fixed binary(3), bytes varbinary(10), blob_ longblob, cased varchar(10) collate utf8mb4_bin, cased_text text collate utf8mb4_bin, latin varchar(10) character set latin1,
             e enum('x','y'), s set('r','w'), j json, place point, addr inet6, u uuid);
         insert into v values (-128, 200, -1, -8388608, -9223372036854775808, 18446744073709551615, 0.1, 1e308,
             12.50, 1234567890123456789012345678901234567890.5, '0000-00-00', '2024-02-29 01:02:03.5', '0000-00-00 00:00:00', '-838:59:59.25', 0, b'1', b'1000000001',
             x'00ff01', x'63e9', x'deadbeef', 'Ä', 'Ö', 'ü', 'y', 'r,w', '{\"b\": [1, null], \"a\": \"x\"}', point(1, 2), '::1', '123e4567-e89b-12d3-a456-426614174000');
         insert into v () values ();
         insert into v (day, moment, latin) values ('2024-00-00', '1000-01-01', ''); ",
    )
    .await;
    let source = open(&shop.url).await.unwrap();
    let rows = read(&*source, "select * from v", &limits()).await.unwrap();
    let expect = json!([
        -128, 200, -1, -8388608, -9223372036854775808_i64, 18446744073709551615_u64, 0.1, 1e308,
        12.5, "1234567890123456789012345678901234567890.5000000000", "0000-00-00", "2024-02-29 01:02:03.5", "0000-00-00 00:00:00", "-838:59:59.25", 0, 1, 513,
        {"blob_bytes": 3, "hex": "00ff01"}, {"blob_bytes": 2, "hex": "63e9"}, {"blob_bytes": 4, "hex": "deadbeef"}, "Ä", "Ö", "ü",
        "y", "r,w", {"b": [1, null], "a": "x"}, {"blob_bytes": 25, "hex": "00000000010100000000000000000000f03f0000000000000040"[..50].to_owned()}, "::1", "123e4567-e89b-12d3-a456-426614174000"
    ]);
    let mut found = serde_json::to_value(&rows.rows[0]).unwrap();
    assert!(found[26]["blob_bytes"] == json!(25) && found[26]["hex"].as_str().unwrap().starts_with("0000000001010000"), "{}", found[26]);
    found[26] = expect[26].clone();
    assert_eq!(found, expect);
    assert!(rows.rows[1].iter().enumerate().all(|(place, value)| value.is_null() || place == 12), "{:?}", rows.rows[1]);
    assert_eq!((&rows.rows[2][10], &rows.rows[2][11]), (&json!("2024-00-00"), &json!("1000-01-01 00:00:00")));
    let kinds: Vec<&str> = rows.columns.iter().map(|column| column.r#type.as_str()).collect();
    assert_eq!((kinds[5], kinds[17], kinds[20], kinds[21]), ("bigint unsigned", "binary", "varchar", "text"));

    let empty = read(&*source, "select big, cased as label, null as n from v where 1 = 0", &limits()).await.unwrap();
    let columns: Vec<(&str, &str)> = empty.columns.iter().map(|column| (column.name.as_str(), column.r#type.as_str())).collect();
    assert_eq!((columns, empty.row_count), (vec![("big", "bigint"), ("label", "varchar"), ("n", "null")], 0));
    let computed = read(&*source, "select 1 = 1, 10 / 4, sum(big), 'a' || 0, now() > '2020-01-01', count(*), avg(tiny) from v", &limits())
        .await
        .unwrap();
    assert_eq!(serde_json::to_value(&computed.rows[0]).unwrap(), json!([1, 2.5, -9223372036854775808_i64, 0, 1, 3, -128.0]));

    shop.execute(
        "create table long_ (t longtext, j json); insert into long_ values (repeat('é', 5000000), concat('[\"', repeat('x', 9000), '\"]'))",
    )
    .await;
    let long = read(&*source, "select t, j from long_", &limits()).await.unwrap();
    assert_eq!(
        (&long.rows[0][0]["text_bytes"], &long.rows[0][0]["cut"], &long.rows[0][1]["text_bytes"]),
        (&json!(10_000_000), &json!(true), &json!(9_004))
    );
}

#[tokio::test]
async fn fifty_queries_at_once_share_five_connections() {
    let shop = database("create table n as select seq as i from seq_1_to_300").await;
    let source = source::open(&Dsn::parse(&shop.url).unwrap(), &Settings { pool: 5, ..Settings::default() }).await.unwrap();
    let queries = (0..50).map(|number| {
        let source = source.clone();
        async move { read(&*source, &format!("select count(*) + {number} from n a join n b on a.i <= b.i"), &limits()).await.unwrap() }
    });
    let watched = async {
        let mut server = MySqlConnection::connect(&shop.url).await.unwrap();
        let sql = format!("select count(*) from information_schema.processlist where db = '{}' and id <> connection_id()", shop.name);
        let mut most = 0;
        for _ in 0..10 {
            most = most.max(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.clone())).fetch_one(&mut server).await.unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        most
    };
    let (answers, most) = tokio::join!(futures::future::join_all(queries), watched);
    assert!((2..=5).contains(&most), "{most} connections");
    for (number, rows) in answers.iter().enumerate() {
        assert_eq!(rows.single(), Some(&json!(300 * 301 / 2 + number)));
    }
}

#[tokio::test]
async fn a_table_that_went_is_named_and_a_huge_one_is_answered_at_once() {
    let shop = database(
        "create table gone (i int); insert into gone values (1);
         create table big as select seq as i, repeat('x', 100) as t from seq_1_to_100000",
    )
    .await;
    let source = open(&shop.url).await.unwrap();
    assert_eq!(read(&*source, "select count(*) from gone", &limits()).await.unwrap().single(), Some(&json!(1)));
    shop.execute("drop table gone").await;
    let gone = read(&*source, "select * from gone", &limits()).await;
    let told = |says: &str| says.contains("gone' doesn't exist") && says.contains("read the source anew");
    assert!(matches!(&gone, Err(Error::Statement(says)) if told(says)), "{gone:?}");
    let started = Instant::now();
    let ten = ReadLimits { max_rows: 10, ..limits() };
    for sql in ["select * from big", "select a.*, b.t from big a, big b"] {
        let rows = read(&*source, sql, &ten).await.unwrap();
        assert_eq!((rows.row_count, rows.truncated), (10, true), "{sql}");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let mut server = MySqlConnection::connect(&shop.url).await.unwrap();
    let sql = format!(
        "select count(*) from information_schema.processlist where db = '{}' and command <> 'Sleep' and id <> connection_id()",
        shop.name
    );
    loop {
        let running: i64 = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&mut server).await.unwrap();
        if running == 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "the server goes on with what nobody reads");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_plan_is_told_a_line_a_step() {
    let shop =
        database("create table n (i int primary key, k int, key by_k (k)); insert into n select seq, seq % 7 from seq_1_to_100").await;
    let source = open(&shop.url).await.unwrap();
    let plan =
        source.explain(&guard::check(Dialect::Mysql, "select * from n a join n b on b.i = a.k where a.k = 3").unwrap()).await.unwrap();
    assert!(plan.len() == 2 && plan.iter().any(|step| step.contains("table=a") && step.contains("key=by_k")), "{plan:?}");
    let wrong = source.explain(&guard::check(Dialect::Mysql, "select * from nowhere").unwrap()).await.unwrap_err();
    assert!(matches!(wrong, Error::Statement(_)), "{wrong}");
}

#[tokio::test]
async fn what_the_tools_compose_is_understood() {
    let shop = database(
        "create table customers (id int auto_increment primary key, name varchar(50) not null, email text, `order` enum('a', 'b'), spot point, j json, b blob, born date, ok tinyint(1));
         create table orders (`o``id` bigint unsigned primary key, customer_id int, code varchar(20), total decimal(10, 2), placed_at datetime);
         insert into customers (name, email, `order`, spot, j, b, born, ok) values ('Ada', 'ada@x.org', 'a', point(1, 1), '{}', 'x', '1815-12-10', 1), ('Bo', '', 'b', null, null, null, null, 0);
         insert into orders select seq, if(seq % 10 = 0, 77, 1 + seq % 2), concat(1 + seq % 2), seq / 4, '2026-01-01' + interval seq hour from seq_1_to_300; analyze table orders",
    )
    .await;
    let store = Arc::new(FakeStore::default());
    let workbench = LocalWorkbench::new(store.clone(), crate::support::book(store), Settings::default());
    let workspace = workbench.open(&shop.url, None).await.unwrap();
    let registry = Registry::standard(ToolSettings { quick_rows: 50, ..ToolSettings::default() });
    let call = async |name: &str, args: Value| {
        let outcome = registry.execute(&workspace, &Caller::outside("test"), name, args).await;
        outcome.result.unwrap_or_else(|rejection| panic!("{name}: {rejection}"))
    };
    let rows = call(
        "sample_rows",
        json!({"table": "orders", "columns": ["o`id", "total"], "where": "total > 70", "order_by": "`o``id`", "limit": 2}),
    )
    .await;
    assert_eq!(rows["rows"], json!([[281, 70.25], [282, 70.5]]));
    let profile = call("table_profile", json!({"table": "customers"})).await;
    assert_eq!((&profile["rows_seen"], &profile["columns"][2]["empty"], &profile["how"]), (&json!(2), &json!(1), &json!("all rows")));
    let sampled = call("table_profile", json!({"table": "orders"})).await;
    assert_eq!((&sampled["method"], &sampled["rows_seen"]), (&json!("key_ranges"), &json!(64)), "{sampled}");
    for column in ["id", "name", "email", "order", "born", "ok", "j", "b"] {
        let one = call("column_profile", json!({"table": "customers", "column": column})).await;
        assert_eq!(one["rows"], json!(2), "{column}");
        assert_eq!(one["empty"], json!(u64::from(column == "email")), "{column}");
    }
    let distinct = call("sample_distinct", json!({"table": "orders", "column": "code"})).await;
    assert_eq!(distinct["values"][0], json!({"value": "1", "count": 150}));
    let found = call("find_reference_candidates", json!({"table": "orders", "column": "customer_id"})).await;
    let check = &found["candidates"][0]["check"];
    assert_eq!(
        (&check["checked"], &check["violating_rows"], &check["violating_values"]),
        (&json!(true), &json!(30), &json!([77])),
        "{found}"
    );
    let as_text = call("find_reference_candidates", json!({"table": "orders", "column": "code"})).await;
    assert!(as_text["candidates"].as_array().unwrap().iter().all(|line| line["check"]["why"].is_null()), "{as_text}");
    let answer = call(
        "run_sql_readonly",
        json!({"sql": "select status, n from (select ok as status, count(*) as n from customers group by ok) as s order by 1"}),
    )
    .await;
    assert_eq!(answer["rows"], json!([[0, 1], [1, 1]]));
    call("describe_table", json!({"table": "orders"})).await;
    call("explain_sql", json!({"sql": "select * from orders where total > 5"})).await;
}
