//! A remote server as the source behind it knows it: tools that read, by name.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::error::Error;
use super::server::RemoteServer;
use crate::source::remote::{Peer, PeerError, PeerTool};

pub struct RemotePeer(pub Arc<RemoteServer>);

#[async_trait]
impl Peer for RemotePeer {
    async fn tools(&self) -> Result<Option<Vec<PeerTool>>, PeerError> {
        let tools = self.0.tools().await.map_err(refused)?;
        Ok(tools.map(|tools| tools.into_iter().map(|tool| PeerTool { name: tool.name, args: tool.args }).collect()))
    }

    async fn call(&self, tool: &str, args: Value) -> Result<Value, PeerError> {
        let Value::Object(args) = args else { return Err(PeerError::Refused("arguments are given as an object".to_owned())) };
        let reply = self.0.call_to_read(tool, &args).await.map_err(refused)?;
        if reply.is_error { Err(PeerError::Refused(reply.text())) } else { Ok(reply.value()) }
    }
}

fn refused(error: Error) -> PeerError {
    match error {
        Error::NoSuchTool { tool, .. } => PeerError::NoSuchTool(tool),
        Error::Refused { reason, .. } => PeerError::Refused(reason),
        Error::TooLarge { .. } => PeerError::Refused(error.to_string()),
        Error::TimedOut { .. } => PeerError::TimedOut,
        Error::NoSuchServer { .. }
        | Error::Changed { .. }
        | Error::Unavailable { .. }
        | Error::Suspended { .. }
        | Error::Unauthorized { .. }
        | Error::SignIn { .. }
        | Error::LoginFailed { .. }
        | Error::NoSuchLogin(_)
        | Error::Ambiguous { .. }
        | Error::NoSuchState { .. }
        | Error::Unanswered { .. }
        | Error::TooManyHeld { .. }
        | Error::Store(_) => PeerError::Unavailable(error.to_string()),
    }
}
