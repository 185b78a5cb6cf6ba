//! The store on a real PostgreSQL: the conformance suite, several processes, indexes at scale, lost connections, and who may see a row.

mod indexes;
mod lost;
mod opening;
mod process;
mod shared;

use std::sync::Arc;

use fathom::store::{PostgresStore, Store, conformance};

use crate::support::servers::{Server, TestDatabase};

async fn database() -> TestDatabase {
    TestDatabase::new(Server::Postgresql).await
}

async fn open(database: &TestDatabase) -> PostgresStore {
    PostgresStore::open(&database.url.parse().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_every_promise() {
    let database = database().await;
    conformance::all(|| async {
        database.execute("drop schema if exists fathom cascade").await;
        Arc::new(open(&database).await) as Arc<dyn Store>
    })
    .await;
}
