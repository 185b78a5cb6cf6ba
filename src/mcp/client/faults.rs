//! What a server's faults are called to who called it.

use super::error::Error;
use super::link::{Fault, METHOD_NOT_FOUND};
use super::oauth::{Grant, plain};
use super::server::RemoteServer;

const TOOLS_TOLD: usize = 30;

impl RemoteServer {
    pub(super) fn of_fault(&self, what: &str, fault: Fault) -> Error {
        let (server, what) = (self.setup().name.clone(), what.to_owned());
        match fault {
            Fault::NotSent(reason) | Fault::Broken(reason) => Error::Unavailable { server, reason: self.redacted(reason) },
            Fault::Unauthorized(reason) => Error::Unauthorized { server, reason: self.redacted(reason) },
            Fault::SignIn { scope } => match self.keeper().map(|keeper| keeper.grant()) {
                Some(Grant::Code) => Error::SignIn { server, scope: scope.map(|scope| plain(&scope)) },
                Some(Grant::ClientCredentials) => Error::Unauthorized { server, reason: refusal(scope, "its token is refused") },
                None => Error::Unauthorized { server, reason: refusal(scope, "it wants another token") },
            },
            Fault::Refused { code: METHOD_NOT_FOUND, .. } => self.no_such_tool(&what, &[]),
            Fault::Refused { message, .. } | Fault::Odd(message) => Error::Refused { server, what, reason: self.redacted(message) },
            Fault::TooLarge => Error::TooLarge { server, tool: what, most: self.setup().max_result_bytes },
        }
    }

    /// Should the server have echoed the token.
    pub(super) fn redacted(&self, text: String) -> String {
        match self.setup().token() {
            Some(token) => token.redact(text),
            None => text,
        }
    }

    pub(super) fn no_such_tool(&self, tool: &str, all: &[&str]) -> Error {
        let mut known = all.iter().take(TOOLS_TOLD).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match all.len() {
            0 => known.push_str("it does not tell which"),
            count if count > TOOLS_TOLD => known.push_str(&format!(" and {} more", count - TOOLS_TOLD)),
            _ => {}
        }
        Error::NoSuchTool { server: self.setup().name.clone(), tool: tool.to_owned(), known }
    }
}

fn refusal(scope: Option<String>, token: &str) -> String {
    match scope.filter(|scope| !scope.is_empty()) {
        Some(scope) => format!("the scope `{}` is missing", plain(&scope)),
        None => token.to_owned(),
    }
}
