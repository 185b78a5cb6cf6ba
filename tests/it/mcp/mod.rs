//! Fathom before AI assistants, and before programs that we did not write: the official conformance suite, the official SDKs, the inspector,
//! and nonsense.

mod asking;
mod assistant;
mod conformance;
mod definitions;
mod direct;
mod fuzz;
mod listening;
mod peers;
mod raw;
mod sdks;
mod sessions;

use std::path::Path;

use crate::support::process::{Launch, Server};
use crate::support::shop;

/// A server that knows a small shop.
async fn server(folder: &Path, fixtures: bool) -> Server {
    let source = shop::make(folder, "shop.db").await.to_string_lossy().into_owned();
    let mut launch = Launch::on(folder);
    launch.args = vec!["--source".to_owned(), source];
    if fixtures {
        launch = launch.env("FATHOM_TEST_MCP_FIXTURES", "yes");
    }
    launch.start().await
}
