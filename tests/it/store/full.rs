//! A full disk: the write that does not fit is refused whole, and later writes work again once there is room.

use fathom::store::{Error, Store};
use futures::future::join_all;
use tempfile::TempDir;

use super::{append, created, open};

#[tokio::test]
async fn a_full_disk_loses_nothing_and_heals() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).await;
    let runs = join_all((0..4).map(|_| created(&store))).await;
    store.append(append(&runs[0], 1, 1, 10)).await.unwrap();
    store.bound_pages(80).await.unwrap();

    // one is far too large; who shares its transaction is told the same, and nothing of any of them is stored
    let together = join_all(
        runs.iter()
            .enumerate()
            .map(|(number, run)| store.append(append(run, if number == 0 { 2 } else { 1 }, 1, if number == 2 { 4_000_000 } else { 10 }))),
    )
    .await;
    assert!(matches!(together[2], Err(Error::Full(_))), "{together:?}");
    for (number, run) in runs.iter().enumerate() {
        let before = usize::from(number == 0);
        let stored = store.records(run.id, 0, 10).await.unwrap().len();
        assert_eq!(stored, before + usize::from(together[number].is_ok()), "{number}: {together:?}");
        assert_eq!(store.run(run.id).await.unwrap().unwrap().next_seq, stored as u64 + 1);
    }
    // what fits is stored all the same
    let seq = store.run(runs[1].id).await.unwrap().unwrap().next_seq;
    store.append(append(&runs[1], seq, 1, 10)).await.unwrap();

    store.bound_pages(1_000_000).await.unwrap();
    store.append(append(&runs[2], 1, 1, 4_000_000)).await.unwrap();
    assert_eq!(store.records(runs[2].id, 0, 10).await.unwrap().len(), 1);
    store.close().await;
    let store = open(folder.path()).await;
    assert_eq!(store.records(runs[2].id, 0, 10).await.unwrap().len(), 1);
}
