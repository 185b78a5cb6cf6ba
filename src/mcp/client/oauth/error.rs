//! Why there is no token.

use rmcp::transport::auth::AuthError;

use crate::store;

/// Foreign words are cut at so many characters.
const CHARS: usize = 300;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// Asking again leads to the same.
    #[error("{0}")]
    Refused(String),
    /// Somebody does not answer, who may do so later.
    #[error("{0}")]
    Away(String),
    /// No sign-in waits for this answer.
    #[error("no sign-in waits for this answer: it was answered before, was begun anew, or was begun more than 10 minutes ago; begin again")]
    UnknownState,
    #[error("{0}")]
    Store(#[from] store::Error),
}

impl Error {
    /// `without` takes our secrets out of the text, should somebody have echoed them.
    pub fn of(error: &AuthError, without: impl Fn(String) -> String) -> Self {
        let text = plain(&without(told(error)));
        match error {
            // An answer came, and it is no.
            AuthError::TokenRefreshFailed(why) if why.contains("error response") => Self::Refused(text),
            AuthError::DiscoveryRequestFailed { .. } | AuthError::TokenRefreshFailed(_) | AuthError::HttpError(_) => Self::Away(text),
            _ => Self::Refused(text),
        }
    }
}

/// Words of others on one line, of bounded length.
pub fn plain(text: &str) -> String {
    let mut line: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).take(CHARS + 1).collect();
    if line.chars().count() > CHARS {
        line = line.chars().take(CHARS).chain(['…']).collect();
    }
    line
}

/// With what lies beneath, where the SDK does not say it.
fn told(error: &AuthError) -> String {
    let mut cause = std::error::Error::source(error);
    let mut innermost = None;
    while let Some(inner) = cause {
        // What is no answer may be quoted, and may be a token.
        innermost = (!inner.is::<serde_json::Error>()).then(|| inner.to_string());
        cause = inner.source();
    }
    let whole = error.to_string();
    match innermost {
        Some(inner) if !whole.contains(&inner) => format!("{whole}: {inner}"),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_one_short_line_without_our_secrets() {
        let error = AuthError::RegistrationFailed(format!("HTTP 400: no\r\n\u{1b}[31m s3cret {}", "x".repeat(1_000)));
        let Error::Refused(text) = Error::of(&error, |text| text.replace("s3cret", "***")) else { panic!("it is a refusal") };
        assert!(text.contains("no   [31m ***") && !text.contains("s3cret") && text.chars().count() == CHARS + 1, "{text}");
    }
}
