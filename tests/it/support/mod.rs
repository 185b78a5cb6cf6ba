//! What several tests need: a fathom process to kill, a database to discover, a model server that answers by rule,
//! a store that stumbles.

pub mod client;
pub mod model_server;
pub mod private;
pub mod process;
pub mod servers;
pub mod shop;
pub mod stumbling;

use std::path::Path;
use std::sync::Arc;

use fathom::store::{Keyring, SourceBook, Store};

/// The registered sources of a store, sealed under a key that is no secret.
pub fn book(store: Arc<dyn Store>) -> Arc<SourceBook> {
    let keyring = Keyring::open(Path::new(""), Some(&"07".repeat(32))).expect("a well-formed key");
    Arc::new(SourceBook::new(store, keyring))
}
