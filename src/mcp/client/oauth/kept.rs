//! What is kept of a sign-in: the client that we are to the issuer, and the tokens that it gave.

use std::time::Duration;

use rmcp::transport::auth::StoredCredentials;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::Grant;
use crate::model::ApiKey;

/// A token is renewed so long before it runs out, that it does not do so on the way.
const EARLY: Duration = Duration::from_secs(30);

#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The address of the server that the tokens are for; another one does not get them, though it has the name now.
    pub resource: String,
    pub grant: Grant,
    pub client: Client,
    /// Scopes that were asked for.
    pub asked: Vec<String>,
    /// Scopes that were missing since, to be asked for the next time.
    #[serde(default)]
    pub wanted: Vec<String>,
    pub tokens: Option<StoredCredentials>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Client {
    pub id: String,
    /// That it was given when it was registered; one of the settings stays there.
    pub secret: Option<String>,
    /// Where the browser comes back; a client that was registered may come back nowhere else.
    pub redirect: String,
    /// By us, and not beforehand.
    pub is_registered: bool,
}

/// The tokens as they are used.
pub struct Tokens {
    pub access: String,
    pub refresh: Option<String>,
    received_at: u64,
    lasts: Option<u64>,
}

impl Kept {
    pub fn tokens(&self) -> Option<Tokens> {
        let stored = self.tokens.as_ref()?;
        // The SDK's type shows its parts by a trait of a crate beneath it, or as the JSON that the issuer sent.
        let sent = serde_json::to_value(stored.token_response.as_ref()?).ok()?;
        let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Tokens {
            access: text("access_token")?,
            refresh: text("refresh_token"),
            received_at: stored.token_received_at.unwrap_or_default(),
            lasts: sent.get("expires_in").and_then(Value::as_u64),
        })
    }

    /// A text from outside without our secrets, should somebody have echoed them.
    pub fn redact(&self, text: String) -> String {
        let tokens = self.tokens();
        let tokens = tokens.into_iter().flat_map(|tokens| [Some(tokens.access), tokens.refresh]).flatten();
        self.client.secret.clone().into_iter().chain(tokens).fold(text, |text, secret| ApiKey::new(secret).redact(text))
    }
}

impl Tokens {
    pub fn is_fresh(&self, now_s: u64) -> bool {
        let Some(lasts) = self.lasts else { return true };
        // One that lasts for a moment only is used for most of it.
        let early = EARLY.as_secs().min(lasts / 4);
        now_s.saturating_sub(self.received_at) < lasts.saturating_sub(early)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(lasts: Option<u64>) -> Kept {
        let mut response = json!({"access_token": "access-hidden", "token_type": "Bearer", "refresh_token": "refresh-hidden"});
        if let Some(lasts) = lasts {
            response["expires_in"] = json!(lasts);
        }
        let response = serde_json::from_value(response).unwrap();
        let client =
            Client { id: "me".to_owned(), secret: Some("secret-hidden".to_owned()), redirect: "http://h/".to_owned(), is_registered: true };
        let tokens = Some(StoredCredentials::new("me".to_owned(), Some(response), Vec::new(), Some(1_000)));
        let (asked, wanted) = (Vec::new(), Vec::new());
        Kept { resource: "http://h/mcp".to_owned(), grant: Grant::Code, client, asked, wanted, tokens }
    }

    #[test]
    fn a_token_is_renewed_before_it_runs_out_and_is_read_back_as_it_was() {
        let again: Kept = serde_json::from_str(&serde_json::to_string(&kept(Some(3_600))).unwrap()).unwrap();
        let tokens = again.tokens().unwrap();
        assert_eq!((tokens.access.as_str(), tokens.refresh.as_deref()), ("access-hidden", Some("refresh-hidden")));
        assert!(tokens.is_fresh(1_000 + 3_569) && !tokens.is_fresh(1_000 + 3_570));
        let short = kept(Some(8)).tokens().unwrap();
        assert!(short.is_fresh(1_005) && !short.is_fresh(1_006));
        assert!(kept(None).tokens().unwrap().is_fresh(u64::MAX), "one that says nothing is used until it is refused");
    }

    #[test]
    fn secrets_are_taken_out_of_foreign_words() {
        let text = kept(None).redact("no: access-hidden, refresh-hidden, secret-hidden".to_owned());
        assert!(!text.contains("hidden"), "{text}");
    }
}
