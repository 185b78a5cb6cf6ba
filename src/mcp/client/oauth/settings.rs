//! How one signs in to a server: all of it may be left out, where the server says the rest itself.

use serde::{Deserialize, Serialize};
use url::Url;

use super::assertion::SigningKey;
use crate::mcp::client::setup::is_loopback;
use crate::model::ApiKey;

/// The path at which the browser comes back.
pub const CALLBACK: &str = "/servers/login/callback";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OAuthSettings {
    pub grant: Grant,
    /// Of a client that was registered beforehand.
    pub client_id: Option<String>,
    pub client_secret: Option<ApiKey>,
    /// In PEM; signs what the client says of itself, in place of a secret.
    pub private_key: Option<ApiKey>,
    /// To whom the client is known; its credentials are sent to nobody else. Unless given, whoever gave tokens first.
    pub issuer: Option<String>,
    /// Where a document describes this client, for authorization servers that read such documents.
    pub client_metadata_url: Option<String>,
    /// Asked for in place of those that the server names.
    pub scopes: Vec<String>,
    /// Where the browser comes back, if not at the address under which the sign-in was asked for.
    pub redirect_url: Option<String>,
    /// Names that the server gives may lead to private addresses.
    pub private_addresses: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// A person signs in.
    #[default]
    Code,
    /// The client has credentials of its own.
    ClientCredentials,
}

impl OAuthSettings {
    /// Settings and what is wrong with them.
    pub fn wrong(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let mut say = |key, why: &str| wrong.push((key, why.to_owned()));
        let has_credentials = self.client_secret.is_some() || self.private_key.is_some();
        if has_credentials && self.client_id.is_none() {
            say("client_id", "a secret or a key is of a client; give its `client_id`");
        }
        if self.client_secret.is_some() && self.private_key.is_some() {
            say("private_key", "a client has a `client_secret` or a `private_key`, not both");
        }
        match self.grant {
            Grant::ClientCredentials => {
                if self.client_id.is_none() || !has_credentials {
                    say("grant", "`client_credentials` wants a `client_id`, and a `client_secret` or a `private_key`");
                }
                if self.client_metadata_url.is_some() || self.redirect_url.is_some() {
                    say("grant", "with `client_credentials` nobody signs in; leave `client_metadata_url` and `redirect_url` out");
                }
            }
            Grant::Code if self.private_key.is_some() => say("private_key", "a key is for the grant `client_credentials`"),
            Grant::Code => {}
        }
        if let Some(Err(why)) = self.private_key.as_ref().map(|key| SigningKey::parse(key.expose())) {
            say("private_key", why);
        }
        if self.client_metadata_url.is_some() && self.client_id.is_some() {
            say("client_metadata_url", "a client that has a `client_id` needs no document");
        }
        if self.issuer.is_some() && self.client_id.is_none() {
            say("issuer", "it is of a client that was registered beforehand; give its `client_id`");
        }
        let parsed = |text: &Option<String>| text.as_ref().map(|text| Url::parse(text).ok());
        if parsed(&self.client_metadata_url).is_some_and(|url| url.is_none_or(|url| url.scheme() != "https" || url.path() == "/")) {
            say("client_metadata_url", "it begins with `https://` and has a path");
        }
        if self.redirect_url.as_ref().is_some_and(|url| !is_safe_return(url)) {
            say("redirect_url", "it begins with `https://`, or `http://` on this machine, and ends with `/servers/login/callback`");
        }
        if self.scopes.iter().any(|scope| !is_scope(scope)) {
            say("scopes", "a scope is a word of visible characters without `\"` and `\\`");
        }
        wrong
    }
}

/// Whether a code may travel there: encrypted, or not beyond this machine.
pub fn is_safe_return(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    is_safe && is_bare && url.path().ends_with(CALLBACK)
}

/// As RFC 6749 has it.
pub fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && text.chars().all(|sign| sign.is_ascii_graphic() && sign != '"' && sign != '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_named() {
        let some = |text: &str| Some(text.to_owned());
        let (secret, key) = (Some(ApiKey::new("hidden")), Some(ApiKey::new("hidden-key")));
        let none = OAuthSettings::default();
        let own = OAuthSettings { grant: Grant::ClientCredentials, client_id: some("me"), ..none.clone() };
        for (settings, keys) in [
            (none.clone(), &[][..]),
            (OAuthSettings { client_secret: secret.clone(), ..none.clone() }, &["client_id"]),
            (OAuthSettings { client_id: some("me"), client_secret: secret.clone(), ..none.clone() }, &[]),
            (OAuthSettings { client_secret: secret.clone(), ..own.clone() }, &[]),
            (own.clone(), &["grant"]),
            (
                OAuthSettings { client_secret: secret.clone(), redirect_url: some("https://h/servers/login/callback"), ..own.clone() },
                &["grant"],
            ),
            (OAuthSettings { private_key: key.clone(), ..own.clone() }, &["private_key"]),
            (OAuthSettings { client_metadata_url: some("http://h/me.json"), ..none.clone() }, &["client_metadata_url"]),
            (OAuthSettings { client_metadata_url: some("https://h/me.json"), ..none.clone() }, &[]),
            (
                OAuthSettings { client_metadata_url: some("https://h/me.json"), client_id: some("me"), ..none.clone() },
                &["client_metadata_url"],
            ),
            (OAuthSettings { issuer: some("https://h"), ..none.clone() }, &["issuer"]),
            (OAuthSettings { redirect_url: some("https://h/elsewhere"), ..none.clone() }, &["redirect_url"]),
            (OAuthSettings { redirect_url: some("http://h/servers/login/callback"), ..none.clone() }, &["redirect_url"]),
            (OAuthSettings { redirect_url: some("http://127.0.0.1:7700/servers/login/callback"), ..none.clone() }, &[]),
            (OAuthSettings { scopes: vec!["a b".to_owned()], ..none.clone() }, &["scopes"]),
        ] {
            let wrong = settings.wrong();
            assert_eq!(wrong.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys, "{settings:?}");
            assert!(!format!("{settings:?} {wrong:?}").contains("hidden"));
        }
    }
}
