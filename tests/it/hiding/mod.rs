//! Lists of a source on real databases: nothing hidden comes out by any query, and queries of the rest work as before.

mod attacks;
mod harvests;
mod queries;
mod surface;

use std::sync::Arc;
use std::time::Duration;

use fathom::domain::Snapshot;
use fathom::source::guard::{self, Dialect};
use fathom::source::{self, Bounded, Dsn, Error, Limits, ReadLimits, Settings, Source};
use serde_json::json;

use crate::source::Database;
use crate::support::servers::{Server, TestDatabase};

/// Stands in every value that must not come out, and nowhere else.
const SECRET: &str = "hush";

/// A database and a source with lists over it.
struct Place {
    source: Bounded,
    schema: String,
    _files: Option<Database>,
    _server: Option<TestDatabase>,
}

const TABLES: &str = "
    create table customers (id integer primary key, name varchar(40), email varchar(80), ssn integer, \
        shout varchar(90) generated always as (upper(email)) stored, initial varchar(2) generated always as (substr(name, 1, 1)) stored);
    create table orders (id integer primary key, customer_id integer references customers (id), total integer);
    create table secrets (id integer primary key, body varchar(80), order_id integer references orders (id));
    create table accounts (id integer primary key, secret_id integer references secrets (id), owner varchar(40));
    insert into customers (id, name, email, ssn) values (1, 'Ada', 'hush-ada@x.example', 481516), (2, 'Bob', 'hush-bob@x.example', 234242);
    insert into orders values (10, 1, 5), (11, 1, 7), (12, 2, 9);
    insert into secrets values (1, 'hush-body', 10);
    insert into accounts values (1, 1, 'Ada');
    create view totals as select customer_id, sum(total) as total from orders group by customer_id;
    create view mails as select id, email from customers;
    create view shouted as select * from mails;
    create view opened as select id, body from secrets;
    create view named as select id, order_id from secrets;
";

impl Place {
    async fn sqlite() -> Self {
        let database = Database::new(
            "create table customers (id integer primary key, name varchar(40), email varchar(80), ssn integer,
                shout text generated always as (upper(email)) stored, initial text generated always as (substr(name, 1, 1)) stored);
            create table orders (id integer primary key, customer_id integer references customers (id), total integer);
            create table secrets (id integer primary key, body varchar(80), order_id integer references orders (id));
            create table accounts (id integer primary key, secret_id integer references secrets (id), owner varchar(40));
            insert into customers (id, name, email, ssn) values (1, 'Ada', 'hush-ada@x.example', 481516), (2, 'Bob', 'hush-bob@x.example', 234242);
            insert into orders values (10, 1, 5), (11, 1, 7), (12, 2, 9);
            insert into secrets values (1, 'hush-body', 10);
            insert into accounts values (1, 1, 'Ada');
            create view totals as select customer_id, sum(total) as total from orders group by customer_id;
            create view mails as select id, email from customers;
            create view shouted as select * from mails;
            create view opened as select id, body from secrets;
            create view named as select id, order_id from secrets;
            create virtual table letters using fts5(body, content='secrets', content_rowid='id');
            create table [odd secrets] (id integer primary key, body text);
            insert into [odd secrets] values (1, 'hush-odd');
            create virtual table odd_letters using fts5(body, content='odd secrets', content_rowid='id');
            create virtual table notes using fts5(body);
            insert into notes values ('hush-note');
            create virtual table terms using fts5vocab('notes', 'row');
            insert into letters (letters) values ('rebuild');
            create index customers_email on customers (email);
            analyze;",
        )
        .await;
        let dsn = Dsn::parse(&database.words()).unwrap();
        let inner = source::open(&dsn, &Settings::default()).await.unwrap();
        Self { source: Bounded::new(inner, limits("main")), schema: "main".to_owned(), _files: Some(database), _server: None }
    }

    async fn postgresql() -> Self {
        let database = TestDatabase::new(Server::Postgresql).await;
        database.execute(TABLES).await;
        database
            .execute(
                "create function peek() returns text language sql as 'select body from secrets limit 1';
                create view peeked as select peek() as body;
                create function mail_of(orders) returns text language sql stable as 'select email from customers where id = $1.customer_id';
                create function upper(integer) returns text language sql stable as 'select body from secrets where id = $1';
                create view uppered as select upper(id) as body from orders;
                create type wrapped as (x text);
                create function wrap(integer) returns wrapped language sql stable as 'select row(body)::wrapped from secrets where id = $1';
                create cast (integer as wrapped) with function wrap(integer);
                create view cast_one as select (id::wrapped) as w from orders;
                create view guessed as select most_common_vals::text as body from pg_stats where tablename = 'customers';
                create table parts (id integer, word text) partition by list (id);
                create table parts_open partition of parts for values in (1);
                create table parts_secret partition of parts for values in (2);
                insert into parts values (1, 'open'), (2, 'hush-part');
                create table people (id integer, mail text) partition by list (id);
                create table people_1 partition of people for values in (1);
                insert into people values (1, 'hush-people');
                create table heir () inherits (orders);
                create sequence secrets_numbers owned by secrets.id;
                create schema \"Odd Schema\"; create table \"Odd Schema\".\"Größe\" (\"E Mail\" text, \"select\" integer, \
                    loud text generated always as (upper(\"E Mail\")) stored);
                insert into \"Odd Schema\".\"Größe\" values ('hush-odd', 3);
                analyze;",
            )
            .await;
        Self::on_server(database, "public").await
    }

    async fn mysql() -> Self {
        let database = TestDatabase::new(Server::Mariadb).await;
        database.execute(TABLES).await;
        database
            .execute(
                "create function peek() returns varchar(80) reads sql data return (select body from secrets limit 1);
                create view peeked as select peek() as body;
                create view guessed as select column_name as body from information_schema.columns;
                create table chained (a varchar(9), b varchar(20) generated always as (upper(a)) virtual, \
                    c varchar(30) generated always as (concat(b, '!')) virtual);
                insert into chained (a) values ('hush');",
            )
            .await;
        let schema = database.name.clone();
        Self::on_server(database, &schema).await
    }

    async fn on_server(database: TestDatabase, schema: &str) -> Self {
        let inner: Arc<dyn Source> = source::open(&Dsn::parse(&database.url).unwrap(), &Settings::default()).await.unwrap();
        Self { source: Bounded::new(inner, limits(schema)), schema: schema.to_owned(), _files: None, _server: Some(database) }
    }

    /// What a tool would get: of the guard, of the lists, of the database.
    async fn ask(&self, sql: &str) -> Result<String, String> {
        let sql = sql.replace("SCHEMA", &self.schema);
        let query = guard::check(self.source.dialect(), &sql).map_err(|refusal| refusal.to_string())?;
        let most = ReadLimits { max_rows: 500, max_bytes: 200_000, time: Duration::from_secs(5) };
        let rows = self.source.read(&query, &most).await.map_err(|error| error.to_string())?;
        Ok(serde_json::to_string(&json!({"columns": rows.columns, "rows": rows.rows})).unwrap())
    }

    async fn rows(&self, sql: &str) -> serde_json::Value {
        let answer = self.ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()["rows"].clone()
    }

    async fn plan(&self, sql: &str) -> Result<String, String> {
        let query = guard::check(self.source.dialect(), sql).map_err(|refusal| refusal.to_string())?;
        self.source.explain(&query.planned()).await.map(|lines| lines.join("\n")).map_err(|error: Error| error.to_string())
    }

    async fn harvest(&self) -> Snapshot {
        self.source.harvest().await.unwrap()
    }

    fn dialect(&self) -> Dialect {
        self.source.dialect()
    }
}

fn limits(schema: &str) -> Limits {
    serde_json::from_value(json!({
        "allow": [schema, "*.named", "\"Odd Schema\""],
        "deny": ["*.secrets", "parts_secret", "notes", "odd secrets"],
        "mask": ["customers.email", "chained.a", format!("{schema}.customers.ssn"), "people.mail", "*.*.\"E Mail\""],
    }))
    .unwrap()
}
