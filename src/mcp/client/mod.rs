//! Remote servers: connections that come back by themselves, calls within bounds, tools whose definitions are pinned.
//!
//! Invariants: a call that changes something is sent once; where its answer is lost it stays on record until a person has seen to it. A tool
//! whose definition has changed since it was accepted is not called. A token leaves in a header and nowhere else.

mod asking;
mod child;
mod connect;
mod conversation;
mod definition;
mod ear;
mod error;
mod faults;
mod for_person;
mod held;
mod link;
mod mcp_link;
mod oauth;
mod peer;
mod person;
mod plain_link;
mod server;
mod servers;
mod settings;
mod setup;
mod under_way;

pub use definition::{Acceptance, RemoteTool};
pub use error::Error;
pub use held::is_held;
pub use link::{Answers, Ask, Asks, Hear, Heard, Reply};
pub use oauth::{CALLBACK, Callback, Grant, OAuthSettings, Progress, Returned};
pub use server::{RemoteServer, State};
pub use servers::RemoteServers;
pub use settings::{ServerSettings, Settings};
pub use setup::is_loopback;
