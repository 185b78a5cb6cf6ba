//! What this source needs of a remote server: its tools, and a call of one by its name. Whoever speaks with servers stands behind it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::Place;

/// One remote server that offers tools of a database.
#[async_trait]
pub trait Peer: Send + Sync {
    /// Its tools with the schemas of their arguments; none where it does not tell them.
    async fn tools(&self) -> Result<Option<Vec<PeerTool>>, PeerError>;

    /// Calls a tool that only reads. Dropped before its end, the server is told so.
    async fn call(&self, tool: &str, args: Value) -> Result<Value, PeerError>;
}

/// The remote servers that can be reached from here.
pub trait Peers: Send + Sync {
    /// Nothing is asked of the server yet; the error says what is wrong with the words.
    fn find(&self, place: &Place) -> Result<Arc<dyn Peer>, String>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct PeerTool {
    pub name: String,
    /// JSON Schema of its arguments.
    pub args: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    #[error("the server has no tool `{0}`")]
    NoSuchTool(String),
    /// The tool was called and says that it cannot do it; the text is its own.
    #[error("{0}")]
    Refused(String),
    #[error("the server did not answer in time")]
    TimedOut,
    #[error("{0}")]
    Unavailable(String),
}

/// For who has nobody to speak with servers.
pub struct NoPeers;

impl Peers for NoPeers {
    fn find(&self, place: &Place) -> Result<Arc<dyn Peer>, String> {
        Err(format!("`{}` is a remote server, and nothing here speaks with any", place.shown()))
    }
}
