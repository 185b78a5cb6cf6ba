//! A connection that is lost costs the call that used it, and no other.

use fathom::store::{Error, Store};
use futures::future::join_all;

use super::{database, open};
use crate::store::{append, created};

const END_ALL: &str =
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_costs_one_call() {
    let database = database().await;
    let store = open(&database).await;
    let runs = join_all((0..8).map(|_| created(&store))).await;
    for round in 0..5 {
        let appends = runs.iter().map(async |run| {
            let head = store.run(run.id).await.unwrap().unwrap().next_seq;
            // a large one, so that some are cut in the middle
            (head, store.append(append(run, head, 2, 400_000)).await)
        });
        let (stored, ()) = tokio::join!(join_all(appends), async {
            tokio::time::sleep(std::time::Duration::from_millis(15 + 10 * round)).await;
            database.execute(END_ALL).await;
        });
        for (run, (head, stored)) in runs.iter().zip(stored) {
            // the pool notices by itself
            let next = store.run(run.id).await.unwrap().unwrap().next_seq;
            match stored {
                Ok(()) => assert_eq!(next, head + 2),
                // lost before the commit, or while it was answered
                Err(Error::Failed(_)) => assert!(next == head || next == head + 2),
                Err(other) => panic!("{other:?}"),
            }
            assert_eq!(store.records(run.id, 0, 100).await.unwrap().len() as u64, next - 1);
            store.append(append(run, next, 1, 10)).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_that_is_lost_costs_nothing() {
    let database = database().await;
    let store = open(&database).await;
    let run = created(&store).await;
    store.append(append(&run, 1, 1, 10)).await.unwrap();
    database.execute(END_ALL).await;
    assert_eq!(store.records(run.id, 0, 10).await.unwrap().len(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    store.append(append(&run, 2, 1, 10)).await.unwrap();
}
