//! Settings of the HTTP API.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port. Anything but a loopback address makes a bearer token necessary.
    pub listen: String,
    /// Names by which clients may call this server, besides `localhost` and the address it is bound to; `name` or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may call this server, besides its own; for a page that is served by a proxy under another name.
    pub allowed_origins: Vec<String>,
    /// Bytes a request body may have.
    pub max_body_bytes: usize,
    /// Seconds that a client has to send a request body.
    pub body_time_limit_s: u64,
    /// Seconds that requests in flight have to end when the server stops.
    pub stop_time_limit_s: u64,
    /// Seconds that a revoked token may stay valid on other nodes; on this one it is refused at once.
    pub token_cache_s: u64,
    /// Calls a second that one token may make in the long run.
    pub token_rate_per_s: u32,
    /// Calls that one token may make in one go, where it made few before.
    pub token_burst: u32,
    /// Calls of one token that may be under way at once.
    pub token_concurrency: usize,
    /// Calls that the audit log keeps; the oldest go first.
    pub audit_rows: u32,
    /// Days for which the audit log keeps a call.
    pub audit_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:7700".to_owned(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_body_bytes: 1024 * 1024,
            body_time_limit_s: 30,
            stop_time_limit_s: 5,
            token_cache_s: 5,
            token_rate_per_s: 50,
            token_burst: 200,
            token_concurrency: 64,
            audit_rows: 100_000,
            audit_days: 90,
        }
    }
}
