//! Settings of what assistants are offered.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The tools that a client is offered that does not say: `default`, `all`, or names of groups and tools between commas.
    pub tools: String,
    /// A session of an older revision that nobody uses for so long is ended.
    pub session_idle_s: u64,
    /// Sessions at once; another client has to wait until one ends.
    pub max_sessions: usize,
    /// Size of one request.
    pub max_body_bytes: usize,
    /// Whether the server also offers what the conformance suite calls. No setting: a variable of the tests switches it on.
    #[cfg(feature = "crash-points")]
    #[serde(skip)]
    pub fixtures: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tools: "default".to_owned(),
            session_idle_s: 1_800,
            max_sessions: 1_000,
            max_body_bytes: 1024 * 1024,
            #[cfg(feature = "crash-points")]
            fixtures: false,
        }
    }
}
