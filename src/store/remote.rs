//! Rows of remote servers: which definitions of tools were accepted, and which calls have no answer.

/// The definition of a remote server's tool that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteToolRow {
    pub server: String,
    pub tool: String,
    /// SHA-256 of the definition, hexadecimal.
    pub hash: String,
    pub accepted_at: i64,
}

/// A call of a remote tool that changes something, and of which no answer has come. While it is under way it is here, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCallRow {
    pub id: String,
    pub server: String,
    pub tool: String,
    /// JSON text.
    pub arguments: String,
    /// Why there is no answer.
    pub reason: String,
    pub at: i64,
}
