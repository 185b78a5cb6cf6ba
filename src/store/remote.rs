//! Rows of remote servers: which definitions of tools were accepted, which calls have no answer, and what signing in gave.

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

/// What signing in to a remote server gave, by who issued it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteLoginRow {
    pub server: String,
    /// The authorization server as it names itself.
    pub issuer: String,
    /// Tokens and the registered client, as the keyring sealed them.
    pub sealed: Vec<u8>,
    pub at: i64,
}
