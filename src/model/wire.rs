//! What a vendor's client is to the rest of this room: one call without retries, limits or prices, and a failure that says how to go on.

use async_trait::async_trait;

use super::port::{Error, Reply, Request};
use super::retry::Hint;

/// One model of one server. `reply` may take several requests, where the server has to be learnt first.
#[async_trait]
pub(super) trait Wire: Send + Sync {
    async fn reply(&self, request: &Request) -> Result<Reply, Failure>;
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub(super) struct Failure {
    pub error: Error,
    /// How long the server wants to be left alone.
    pub hint: Option<Hint>,
    /// Requests that were made.
    pub attempts: u32,
}

impl Failure {
    pub fn new(error: Error) -> Self {
        Self { error, hint: None, attempts: 1 }
    }
}
