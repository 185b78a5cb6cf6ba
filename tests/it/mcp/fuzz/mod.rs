//! Nonsense of every kind, by HTTP in both eras, to `/mcp/query`, and on standard input: nothing breaks, nothing waits for ever, and
//! whoever comes afterwards is served.

mod http;
mod made;
mod nasty;
mod stdio;

use std::time::Duration;

/// An answer that takes longer never comes.
const HANGS_AFTER: Duration = Duration::from_secs(30);
