//! The corpus against the engines themselves: what is let through runs and leaves everything as it was, and what is called a write is one.

use std::time::Duration;

use fathom::source::guard::check;
use fathom::source::{Dialect, Dsn, ReadLimits, Settings, open};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, PgConnection, Row, SqliteConnection};

use super::corpus::{reads, writes};
use crate::support::servers::{Server, TestDatabase};

const SQLITE: &str = "
    create table item (id integer primary key, label text, price real, doc text);
    create table sale (id integer primary key, item_id integer references item);
    create index item_label on item (label);
    create view good_items as select * from item where price > 1;
    create view ids as select id from item;
    insert into item values (1, 'a', 1.5, '{\"a\": 1}'), (2, 'b', 3, null);
    insert into sale values (1, 1), (2, 1);";

const POSTGRESQL: &str = "
    create table item (id int primary key, label text, price numeric, doc jsonb);
    create table sale (id int primary key, item_id int references item);
    create index item_label on item (label);
    create view good_items as select * from item where price > 1;
    create sequence item_numbers;
    create function touch_item() returns int language sql as 'update item set price = price + 1 returning id';
    insert into item values (1, 'a', 1.5, '{\"a\": 1}'), (2, 'b', 3, null);
    insert into sale values (1, 1), (2, 1);";

const MARIADB: &str = "
    create table item (id int primary key, label varchar(20), price decimal(10, 2) default 1, doc text, key item_label (label), fulltext (label));
    create table sale (id int primary key, item_id int) partition by hash (id) partitions 2;
    create table versions (id int) with system versioning;
    create view good_items as select * from item where price > 1;
    create sequence item_numbers nocache;
    create function touch_item() returns int modifies sql data begin update item set price = price + 1; return 1; end;
    insert into item values (1, 'a', 1.5, '{\"a\": 1}'), (2, 'b', 3, null);
    insert into sale values (1, 1), (2, 1);";

/// All that a read must leave as it is, in one text.
const SQLITE_STATE: &str = "
    select (select group_concat(quote(id) || quote(label) || quote(price)) from item), (select group_concat(quote(id)) from sale),
           (select group_concat(name || ifnull(sql, '')) from sqlite_schema), (select group_concat(name) from sqlite_temp_schema),
           (select user_version from pragma_user_version), (select application_id from pragma_application_id)";

const POSTGRESQL_STATE: &str = "
    select concat_ws('/', (select string_agg(i::text, ',' order by id) from item i), (select string_agg(s::text, ',' order by id) from sale s),
           (select string_agg(concat(relname, relkind, relnatts), ',' order by oid) from pg_class where oid > 16383),
           (select count(*) from pg_proc), (select concat(last_value, is_called) from item_numbers),
           (select string_agg(concat(name, setting), ',' order by name) from pg_settings), (select count(*) from pg_description),
           (select count(*) from pg_locks where locktype = 'advisory'), (select string_agg(prosrc, '' order by oid) from pg_proc where oid > 16383))";

const MARIADB_STATE: &str = "
    select concat_ws('/', (select group_concat(concat_ws('|', id, label, price) order by id) from item), (select group_concat(id order by id) from sale),
           (select group_concat(table_name, table_type order by table_name) from information_schema.tables where table_schema = database()),
           (select count(*) from information_schema.columns where table_schema = database()),
           (select next_not_cached_value from item_numbers), @kept, is_used_lock('a'),
           (select md5(group_concat(variable_name, variable_value order by variable_name)) from information_schema.session_variables
             where variable_name in ('sql_mode', 'autocommit', 'tx_read_only', 'foreign_key_checks', 'sql_log_bin', 'max_statement_time')))";

async fn sqlite(folder: &tempfile::TempDir, name: &str) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(name)).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(SQLITE).execute(&mut connection).await.unwrap();
    connection
}

async fn sqlite_state(connection: &mut SqliteConnection) -> String {
    let row = sqlx::raw_sql(SQLITE_STATE).fetch_one(connection).await.unwrap();
    (0..row.len()).map(|at| row.try_get_unchecked::<Option<String>, _>(at).unwrap().unwrap_or_default()).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn what_is_let_through_reads_a_sqlite_file_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = sqlite(&folder, "items.db").await;
    let before = sqlite_state(&mut connection).await;
    let dsn = Dsn::parse(folder.path().join("items.db").to_str().unwrap()).unwrap();
    let source = open(&dsn, &Settings::default()).await.unwrap();
    let limits = ReadLimits { max_rows: 100, max_bytes: 1_000_000, time: Duration::from_secs(5) };
    let mut failed = Vec::new();
    for sql in reads(Dialect::Sqlite) {
        let query = check(Dialect::Sqlite, &sql).unwrap();
        if let Err(error) = source.read(&query, &limits).await {
            failed.push(format!("{sql}: {error}"));
            continue;
        }
        // And where nothing but the guard stands before it.
        sqlx::raw_sql(AssertSqlSafe(query.sql().to_owned())).fetch_all(&mut connection).await.unwrap();
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(sqlite_state(&mut connection).await, before);
}

#[tokio::test]
async fn what_is_called_a_write_is_one_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let mut failed = Vec::new();
    for (number, sql) in writes(Dialect::Sqlite).into_iter().enumerate() {
        let mut connection = sqlite(&folder, &format!("{number}.db")).await;
        let before = sqlite_state(&mut connection).await;
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
        if let Err(error) = done {
            failed.push(format!("{sql}: {error}"));
            continue;
        }
        // Without its tables the state cannot even be asked for.
        let state = sqlx::raw_sql(SQLITE_STATE).fetch_one(&mut connection).await;
        let changed = state.is_err() || sqlite_state(&mut connection).await != before;
        if !changed {
            failed.push(format!("{sql} changes nothing"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn postgresql_state(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::raw_sql(POSTGRESQL_STATE).fetch_one(connection).await?.try_get_unchecked(0)
}

#[tokio::test]
async fn what_is_let_through_reads_postgresql_and_changes_nothing() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute(POSTGRESQL).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let before = postgresql_state(&mut connection).await.unwrap();
    let mut failed = Vec::new();
    for sql in reads(Dialect::Postgresql) {
        let query = check(Dialect::Postgresql, &sql).unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(query.sql().to_owned())).fetch_all(&mut connection).await;
        if let Err(error) = done {
            failed.push(format!("{sql}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(postgresql_state(&mut connection).await.unwrap(), before);
}

#[tokio::test]
async fn what_is_called_a_write_is_one_to_postgresql() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let mut failed = Vec::new();
    for sql in writes(Dialect::Postgresql) {
        database.execute("drop schema public cascade; create schema public").await;
        database.execute(POSTGRESQL).await;
        let before = postgresql_state(&mut connection).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
        if let Err(error) = done {
            failed.push(format!("{sql}: {error}"));
            continue;
        }
        let after = postgresql_state(&mut connection).await;
        if after.is_ok_and(|after| after == before) {
            failed.push(format!("{sql} changes nothing"));
        }
        sqlx::raw_sql("discard all").execute(&mut connection).await.unwrap();
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn mariadb_state(connection: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    sqlx::raw_sql(MARIADB_STATE).fetch_one(connection).await?.try_get_unchecked(0)
}

#[tokio::test]
async fn what_is_let_through_reads_mariadb_and_changes_nothing() {
    let database = TestDatabase::new(Server::Mariadb).await;
    database.execute(MARIADB).await;
    let mut connection = mariadb(&database).await;
    let before = mariadb_state(&mut connection).await.unwrap();
    let mut failed = Vec::new();
    for sql in reads(Dialect::Mysql) {
        let query = check(Dialect::Mysql, &sql).unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(query.sql().to_owned())).fetch_all(&mut connection).await;
        if let Err(error) = done {
            failed.push(format!("{sql}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(mariadb_state(&mut connection).await.unwrap(), before);
}

#[tokio::test]
async fn what_is_called_a_write_is_one_to_mariadb() {
    let mut failed = Vec::new();
    for sql in writes(Dialect::Mysql) {
        let database = TestDatabase::new(Server::Mariadb).await;
        database.execute(MARIADB).await;
        let mut connection = mariadb(&database).await;
        let before = mariadb_state(&mut connection).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
        if let Err(error) = done {
            failed.push(format!("{sql}: {error}"));
            continue;
        }
        let after = mariadb_state(&mut connection).await;
        let temporary = sqlx::raw_sql("select 1 from more limit 0").execute(&mut connection).await;
        if temporary.is_err() && after.is_ok_and(|after| after == before) {
            failed.push(format!("{sql} changes nothing"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// With the modes that the guard takes for granted, and the server's own otherwise.
async fn mariadb(database: &TestDatabase) -> MySqlConnection {
    let options: sqlx::mysql::MySqlConnectOptions = database.url.parse().unwrap();
    options.pipes_as_concat(false).no_engine_substitution(false).connect().await.unwrap()
}
