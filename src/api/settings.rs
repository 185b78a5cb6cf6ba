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
        }
    }
}
