//! Databases of their own on the servers that `scripts/test` starts; gone when the test is over.

use std::env;
use std::thread;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

/// An empty database, and the URL of a user who may do everything in it.
pub struct TestDatabase {
    pub url: String,
    pub name: String,
    server: Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Postgresql,
    Mariadb,
}

impl Server {
    /// A URL up to the name of the database, which is left out.
    #[expect(clippy::disallowed_methods, reason = "where the servers are is no setting of the program")]
    fn base(self) -> String {
        let (variable, usual) = match self {
            Self::Postgresql => ("FATHOM_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432"),
            Self::Mariadb => ("FATHOM_TEST_MARIADB", "mysql://root@127.0.0.1:3306"),
        };
        env::var(variable).unwrap_or_else(|_| usual.to_owned())
    }

    /// Executes statements as the one who may do everything.
    pub async fn execute(self, database: &str, sql: &str) {
        let url = format!("{}/{database}", self.base());
        let sql = AssertSqlSafe(sql.to_owned());
        let done = match self {
            Self::Postgresql => async { sqlx::raw_sql(sql).execute(&mut PgConnection::connect(&url).await?).await.map(drop) }.await,
            Self::Mariadb => async { sqlx::raw_sql(sql).execute(&mut MySqlConnection::connect(&url).await?).await.map(drop) }.await,
        };
        done.unwrap_or_else(|error| panic!("{self:?} at {url} (started by `scripts/test`): {error}"));
    }

    fn any_database(self) -> &'static str {
        match self {
            Self::Postgresql => "postgres",
            Self::Mariadb => "information_schema",
        }
    }
}

impl TestDatabase {
    pub async fn new(server: Server) -> Self {
        Self::with(server, "").await
    }

    /// Options as after `create database name`.
    pub async fn with(server: Server, options: &str) -> Self {
        let name = format!("fathom_test_{}", uuid::Uuid::new_v4().simple());
        server.execute(server.any_database(), &format!("create database {name} {options}")).await;
        Self { url: format!("{}/{name}", server.base()), name, server }
    }

    /// Executes statements in it.
    pub async fn execute(&self, sql: &str) {
        self.server.execute(&self.name, sql).await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let server = self.server;
        let force = if server == Server::Postgresql { " with (force)" } else { "" };
        let sql = format!("drop database if exists {}{force}", self.name);
        // A test's own runtime cannot wait in a drop.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(server.execute(server.any_database(), &sql));
        });
        if dropping.join().is_err() {
            eprintln!("the database {} was left behind", self.name);
        }
    }
}

#[tokio::test]
async fn a_database_of_its_own_is_there_and_goes() {
    for server in [Server::Postgresql, Server::Mariadb] {
        let database = TestDatabase::new(server).await;
        database.execute("create table t (a int)").await;
        database.execute("insert into t values (1)").await;
    }
}
