//! Two processes with one catalog: what the one registers is the other's, too.

use std::sync::Arc;

use fathom::source::Limits;
use fathom::store::{BookError, Keyring, SourceBook, Store};
use tempfile::TempDir;

use super::{database, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_another_process_has_just_taken_is_taken() {
    let database = database().await;
    let folder = TempDir::new().unwrap();
    let book = || async {
        let store: Arc<dyn Store> = Arc::new(open(&database).await);
        SourceBook::new(store, Keyring::open(folder.path(), None).unwrap())
    };
    let (here, there) = (book().await, book().await);
    assert_eq!(here.list().await.unwrap(), [], "what was read is remembered for a moment");
    let strict = Limits { max_rows: Some(7), ..Limits::default() };
    there.add("shop", "postgres://ada@db.example/shop", strict.clone(), 1).await.unwrap();
    let late = here.add("shop", "postgres://ada@db.example/shop", Limits::default(), 2).await;
    assert!(matches!(late, Err(BookError::Taken(_))), "{late:?}");
    assert_eq!(there.find("shop").await.unwrap().map(|(_, limits)| limits), Some(strict));
}
