//! Promises about commands from outside.

use std::sync::Arc;

use super::{append, created};
use crate::domain::RunId;
use crate::store::{ConsumedCommand, Error, NewCommand, Store};

type Subject = Arc<dyn Store>;

fn command(run: RunId, id: &str, body: &str) -> NewCommand {
    NewCommand { run, command_id: id.to_owned(), body: body.to_owned(), at: 7 }
}

pub async fn a_command_is_stored_once(store: Subject) {
    let (run, other) = (created(&store, "shop").await, created(&store, "shop").await);
    let first = store.put_command(command(run.id, "c1", "{\"a\":1}")).await.expect("stored");
    assert!(first.fresh && first.outcome.is_none());
    let again = store.put_command(command(run.id, "c1", "{\"another\":1}")).await.expect("found");
    assert_eq!((again.fresh, again.body.as_str()), (false, "{\"a\":1}"));
    assert!(store.put_command(command(other.id, "c1", "{}")).await.expect("stored").fresh, "ids are of one run");
    assert_eq!(store.open_commands(run.id).await.expect("read").len(), 1);
}

pub async fn commands_are_open_until_consumed(store: Subject) {
    let run = created(&store, "shop").await;
    for id in ["z", "a", "m"] {
        store.put_command(command(run.id, id, "{}")).await.expect("stored");
    }
    let open = async || store.open_commands(run.id).await.expect("read").into_iter().map(|command| command.command_id).collect::<Vec<_>>();
    assert_eq!(open().await, ["z", "a", "m"]);
    let mut consuming = append(&run, 1);
    let consumed = |id: &str, outcome: &str| ConsumedCommand { command_id: id.to_owned(), outcome: outcome.to_owned() };
    consuming.consumed = vec![consumed("a", "{\"seq\":1}"), consumed("unknown", "{}")];
    store.append(consuming.clone()).await.expect("stored");
    assert_eq!(open().await, ["z", "m"]);
    let found = store.put_command(command(run.id, "a", "{}")).await.expect("found");
    assert_eq!((found.fresh, found.outcome.as_deref()), (false, Some("{\"seq\":1}")));
    // a fenced append consumes nothing
    consuming.consumed = vec![consumed("z", "{}")];
    assert_eq!(store.append(consuming).await, Err(Error::Fenced(run.id)));
    assert_eq!(open().await, ["z", "m"]);
}

pub async fn a_command_needs_its_run(store: Subject) {
    let nobody = RunId::fresh();
    assert_eq!(store.put_command(command(nobody, "c", "{}")).await, Err(Error::NoSuchRun(nobody)));
    assert_eq!(store.open_commands(nobody).await, Ok(Vec::new()));
}
