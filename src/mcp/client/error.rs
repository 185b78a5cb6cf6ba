//! What can become of a call to a remote server, as far as a caller does something different about it.

use std::time::Duration;

use crate::store;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("there is no server `{name}`; there are: {known}")]
    NoSuchServer { name: String, known: String },
    #[error("the server `{server}` has no tool `{tool}`; there are: {known}")]
    NoSuchTool { server: String, tool: String, known: String },
    #[error(
        "the tool `{tool}` of `{server}` is not what it was when it was accepted; look at it, and accept it with `fathom mcp accept {server} {tool}`"
    )]
    Changed { server: String, tool: String },
    #[error("the server `{server}` cannot be reached: {reason}")]
    Unavailable { server: String, reason: String },
    #[error("calls to the server `{server}` are suspended for {} ms more, because it failed several times in a row", .wait.as_millis())]
    Suspended { server: String, wait: Duration },
    #[error("the server `{server}` does not let us in: {reason}; its `token` or `oauth` stands in the configuration under `mcp.servers`")]
    Unauthorized { server: String, reason: String },
    /// A person has to sign in; with a scope, to one that the tokens of now do not have.
    #[error("{}; run `fathom mcp login {server}`, or ask `POST /servers/{server}/login`", wanted(.server, .scope.as_deref()))]
    SignIn { server: String, scope: Option<String> },
    #[error("nobody is signed in to the server `{server}`: {reason}")]
    LoginFailed { server: String, reason: String },
    #[error("{0}")]
    NoSuchLogin(String),
    /// The server answered that it does not do it.
    #[error("the server `{server}` refuses `{what}`: {reason}")]
    Refused { server: String, what: String, reason: String },
    #[error("`{what}` on the server `{server}` was given up after {} ms", .time.as_millis())]
    TimedOut { server: String, what: String, time: Duration },
    #[error("the result of `{tool}` on the server `{server}` is larger than {most} bytes; ask for less, or raise `max_result_bytes`")]
    TooLarge { server: String, tool: String, most: usize },
    /// It was sent, and nobody here can know whether it took place.
    #[error(
        "`{tool}` on the server `{server}` was sent and no answer came ({reason}); whether it took place is not known, and it is not repeated. \
         Its record is `{id}`: once you know, remove it with `fathom mcp settle {id}`"
    )]
    Ambiguous { server: String, tool: String, id: String, reason: String },
    /// A call that waited for a person is not there any more.
    #[error(
        "no call of `{tool}` on the server `{server}` waits under this `state`: a state is good once, and for {} s. What became of the call, where \
         its answer was lost, `fathom mcp servers` shows; to begin anew, call the tool without `state`",
        .time.as_secs()
    )]
    NoSuchState { server: String, tool: String, time: Duration },
    /// It goes on waiting.
    #[error("`{tool}` on the server `{server}` waits for answers to {}, each with an `action`: accept, decline or cancel", named(.ids))]
    Unanswered { server: String, tool: String, ids: Vec<String> },
    /// The tool was answered, so nothing is left to be found out.
    #[error(
        "`{tool}` on the server `{server}` asks something back, and {most} calls wait for answers there already, so it was told that nobody \
         answers; it then said: {said}"
    )]
    TooManyHeld { server: String, tool: String, most: usize, said: String },
    #[error("{0}")]
    Store(#[from] store::Error),
}

fn wanted(server: &str, scope: Option<&str>) -> String {
    match scope {
        None => format!("the server `{server}` wants a sign-in"),
        Some("") => format!("the server `{server}` wants more than the sign-in allows, and does not say what; signing in again may help"),
        Some(scope) => {
            format!("the server `{server}` wants the scope `{scope}`, which the sign-in did not give; signing in again asks for it")
        }
    }
}

fn named(ids: &[String]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
