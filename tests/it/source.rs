//! Sources: what a harvest of a SQLite file holds, and that the same database gives the same snapshot.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::domain::{Snapshot, Table, TableKind};
use fathom::source::{self, Dsn, Settings, Source};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

pub struct Database {
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Database {
    pub async fn new(sql: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Self { path: folder.path().join("shop.db"), _folder: folder };
        database.execute(sql).await;
        database
    }

    pub async fn execute(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(&self.path).create_if_missing(true).foreign_keys(false);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        sqlx::Connection::close(connection).await.unwrap();
    }

    pub fn words(&self) -> String {
        self.path.display().to_string()
    }

    pub async fn open(&self, settings: &Settings) -> Arc<dyn Source> {
        source::open(&Dsn::parse(&self.words()).unwrap(), settings).await.unwrap()
    }

    async fn harvest(&self) -> Snapshot {
        self.open(&Settings::default()).await.harvest().await.unwrap()
    }
}

fn table<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Table {
    snapshot.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"))
}

const ODD: &str = r#"
    create table "Order Details" ("select" integer, [b c] text, `größe` real default 1.5, primary key ("select", [b c])) without rowid;
    create table parent (a int, b int, c text unique, primary key (b, a));
    create table child (id integer primary key, x int, y int, p int not null references Other, twice int generated always as (x * 2) virtual,
                        foreign key (x, y) references PARENT);
    create table other (id integer primary key, name varchar(20));
    create unique index child_xy on child (x desc, y) where x > 0;
    create index child_low on child (lower(y), p);
    create view good as select id, name as label from other;
    create view broken as select * from gone;
    create virtual table words using fts5(body);
    create table counted (id integer primary key autoincrement);
    create table strict_one (a text collate nocase constraint short check (length(a) < 10), b int references other (id) on delete cascade, check (b > 0));
    create trigger noted after update of a on strict_one begin select 1; end;
    create view nested as select good.id from good join "Order Details" on true;
    insert into other values (1, 'a'), (2, 'b');
    insert into counted default values;
    analyze;
"#;

#[tokio::test]
async fn a_harvest_knows_keys_references_indexes_and_odd_names() {
    let snapshot = Database::new(ODD).await.harvest().await;
    let names: Vec<&str> = snapshot.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["Order Details", "broken", "child", "counted", "good", "nested", "other", "parent", "strict_one", "words"]);

    let details = table(&snapshot, "Order Details");
    assert_eq!(details.primary_key, ["select", "b c"]);
    let columns: Vec<(&str, u32, &str)> =
        details.columns.iter().map(|column| (column.name.as_str(), column.position, column.r#type.as_str())).collect();
    assert_eq!(columns, [("select", 1, "integer"), ("b c", 2, "text"), ("größe", 3, "float")]);
    assert_eq!(details.columns[2].default.as_deref(), Some("1.5"));
    assert!(!details.columns[0].nullable);

    assert_eq!(table(&snapshot, "parent").primary_key, ["b", "a"]);
    assert!(table(&snapshot, "parent").indexes.iter().any(|index| index.unique && index.columns == ["c"]));

    let child = table(&snapshot, "child");
    assert!(!child.column("id").unwrap().nullable && child.column("twice").unwrap().generated);
    let references: Vec<(Vec<String>, &str, Vec<String>)> =
        child.foreign_keys.iter().map(|key| (key.columns.clone(), key.to_table.as_str(), key.to_columns.clone())).collect();
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(references, [(own(&["p"]), "other", own(&["id"])), (own(&["x", "y"]), "parent", own(&["b", "a"]))]);
    let partial = child.indexes.iter().find(|index| index.name == "child_xy").unwrap();
    assert_eq!((partial.unique, partial.columns.clone(), partial.predicate.as_deref()), (true, own(&["x", "y"]), Some("x > 0")));
    assert_eq!(child.indexes.iter().find(|index| index.name == "child_low").unwrap().columns, ["lower(y)", "p"]);
    assert_eq!(partial.options, ["desc", ""]);
    assert_eq!(child.column("twice").unwrap().expression.as_deref(), Some("x * 2"));
    assert!(table(&snapshot, "counted").column("id").unwrap().identity && !child.column("id").unwrap().identity);
    let strict = table(&snapshot, "strict_one");
    let checks: Vec<(&str, &str)> = strict.checks.iter().map(|check| (check.name.as_str(), check.condition.as_str())).collect();
    assert_eq!(checks, [("short", "length(a) < 10"), ("check_2", "b > 0")]);
    assert_eq!(
        (strict.column("a").unwrap().collation.as_deref(), strict.foreign_keys[0].on_delete.as_deref()),
        (Some("nocase"), Some("cascade"))
    );
    assert_eq!((strict.triggers[0].name.as_str(), strict.triggers[0].when.as_str()), ("noted", "after update of a"));
    assert_eq!(
        (&table(&snapshot, "good").reads, &table(&snapshot, "nested").reads),
        (&own(&["main.other"]), &own(&["main.Order Details", "main.good"]))
    );

    assert_eq!((table(&snapshot, "other").row_count, table(&snapshot, "child").row_count), (Some(2), Some(0)));
    let good = table(&snapshot, "good");
    assert_eq!((good.kind, good.columns.len(), good.row_count), (TableKind::View, 2, None));
    assert!(good.definition.as_deref().unwrap().starts_with("CREATE VIEW good"));
    let broken = table(&snapshot, "broken");
    assert!(broken.columns.is_empty() && broken.comment.as_deref().unwrap().contains("gone"), "{:?}", broken.comment);
    assert_eq!(table(&snapshot, "words").columns.len(), 1);
}

#[tokio::test]
async fn the_same_content_gives_the_same_snapshot_and_another_another() {
    let database = Database::new(ODD).await;
    let source = database.open(&Settings::default()).await;
    let first = source.harvest().await.unwrap();
    assert_eq!(first, source.harvest().await.unwrap());
    assert!(first.id.0.starts_with("snap_") && first.id.0.len() == 37);
    database.execute("insert into other values (3, 'c')").await;
    let second = source.harvest().await.unwrap();
    assert_ne!(first.id, second.id);
    database.execute("alter table other add column more text").await;
    assert_ne!(second.id, source.harvest().await.unwrap().id);
}

#[tokio::test]
async fn counting_stops_when_its_time_is_over_and_passes_over_what_is_dear() {
    let database = Database::new(
        "create table a_big (id integer primary key, v blob);
         with recursive r(n) as (select 1 union all select n + 1 from r where n < 20000)
         insert into a_big select n, zeroblob(3000) from r;
         create table b_small (id integer primary key); insert into b_small values (1);",
    )
    .await;
    let settings = Settings { count_time_ms: 3, ..Settings::default() };
    let snapshot = database.open(&settings).await.harvest().await.unwrap();
    assert_eq!(table(&snapshot, "a_big").row_count, None);
    assert_eq!(table(&snapshot, "a_big").columns.len(), 2);
    let snapshot = database.open(&Settings::default()).await.harvest().await.unwrap();
    assert_eq!((table(&snapshot, "a_big").row_count, table(&snapshot, "b_small").row_count), (Some(20_000), Some(1)));
}

#[tokio::test]
async fn a_harvest_of_a_small_database_is_a_matter_of_milliseconds() {
    let database = Database::new(ODD).await;
    let source = database.open(&Settings::default()).await;
    source.harvest().await.unwrap();
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let started = Instant::now();
        source.harvest().await.unwrap();
        fastest = fastest.min(started.elapsed());
    }
    println!("fastest harvest: {fastest:?}");
    assert!(fastest < Duration::from_millis(30), "{fastest:?}");
}

#[tokio::test]
async fn a_file_that_only_looks_like_a_database_is_refused_in_clear_words() {
    let database = Database::new("create table t (id integer)").await;
    let bytes = std::fs::read(&database.path).unwrap();
    std::fs::write(&database.path, &bytes[..200]).unwrap();
    let error = source::open(&Dsn::parse(&database.words()).unwrap(), &Settings::default()).await.err().unwrap().to_string();
    assert!(error.contains("cannot open") && error.contains("shop.db"), "{error}");
}

#[tokio::test]
async fn a_database_in_wal_mode_is_read_with_what_its_log_holds() {
    let database = Database::new("pragma journal_mode = wal; create table t (id integer)").await;
    let options = SqliteConnectOptions::new().filename(&database.path);
    let mut writer = options.connect().await.unwrap();
    let dsn = Dsn::parse(&database.words()).unwrap();
    let source = database.open(&Settings::default()).await;
    let mut before = dsn.fingerprint().unwrap();
    for expect in 1..=3u64 {
        sqlx::query("insert into t values (1)").execute(&mut writer).await.unwrap();
        let now = dsn.fingerprint().unwrap();
        assert_ne!(before, now, "a commit must change the fingerprint");
        before = now;
        assert_eq!(source.harvest().await.unwrap().tables[0].row_count, Some(expect));
        assert_eq!(before, dsn.fingerprint().unwrap(), "reading must not change the fingerprint");
    }
}
