//! The words that name a database behind a remote server: `mcp+http://host:port/mcp`, or `mcp:NAME` for one of the configuration.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

/// Well-formed, not asked yet.
#[derive(Clone)]
pub struct Place {
    pub address: Address,
    /// The server's own name for one of its databases; none for its default one.
    pub target: Option<String>,
    pub form: Form,
    /// Sent in a header, never in an address.
    token: Option<SecretString>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `http://…` or `https://…`, without user and parameters.
    Url(String),
    /// A server of the configuration.
    Named(String),
}

/// How the server is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// MCP is tried first; a server that does not speak it is called in the plain form.
    #[default]
    Auto,
    Mcp,
    /// JSON-RPC in single requests: the method is the tool's name, or `tools/call`.
    Plain,
}

const NAME_CHARS: usize = 60;

impl Place {
    pub fn parse(words: &str) -> Result<Self, String> {
        match words.strip_prefix("mcp:") {
            Some(name) => Self::named(name),
            None => Self::of_url(words.strip_prefix("mcp+").unwrap_or(words)),
        }
    }

    /// Whether the words are of this kind at all.
    pub fn is_meant(words: &str) -> bool {
        ["mcp:", "mcp+http://", "mcp+https://"].into_iter().any(|start| words.starts_with(start))
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Without the token.
    pub fn shown(&self) -> String {
        match (&self.address, &self.target) {
            (Address::Named(name), None) => format!("mcp:{name}"),
            (Address::Named(name), Some(target)) => format!("mcp:{name}/{target}"),
            (Address::Url(url), None) => format!("mcp+{url}"),
            (Address::Url(url), Some(target)) => format!("mcp+{url}?target={target}"),
        }
    }

    fn named(words: &str) -> Result<Self, String> {
        let (name, target) = match words.split_once('/') {
            Some((name, target)) => (name, Some(target.to_owned())),
            None => (words, None),
        };
        if !is_name(name) || target.as_ref().is_some_and(String::is_empty) {
            return Err(
                "`mcp:` is followed by the name of a server of the configuration, and may be by `/` and one of its databases".to_owned()
            );
        }
        Ok(Self { address: Address::Named(name.to_owned()), target, form: Form::Auto, token: None })
    }

    fn of_url(words: &str) -> Result<Self, String> {
        let mut url = Url::parse(words).map_err(|error| error.to_string())?;
        if url.host_str().is_none_or(str::is_empty) || !matches!(url.scheme(), "http" | "https") {
            return Err("it is `mcp+http://host:port/path` or `mcp+https://host:port/path`".to_owned());
        }
        let (mut target, mut form) = (None, Form::Auto);
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("target", "") => return Err("the parameter `target` is empty; leave it out for the server's default database".to_owned()),
                ("target", value) => target = Some(value.to_owned()),
                ("form", "auto") => form = Form::Auto,
                ("form", "mcp") => form = Form::Mcp,
                ("form", "plain") => form = Form::Plain,
                ("form", other) => return Err(format!("the form `{other}` is not understood; valid are: auto, mcp, plain")),
                (odd, _) => return Err(format!("the parameter `{odd}` is not understood; valid are: target, form")),
            }
        }
        let said = url.password().or_else(|| Some(url.username()).filter(|user| !user.is_empty()));
        let token = said.map(|text| SecretString::from(decoded(text)));
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| "the address cannot be read".to_owned())?;
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { address: Address::Url(url.into()), target, form, token })
    }
}

/// Names of configured servers: what stands in a table's heading, and nothing that a path could be.
pub fn is_name(name: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    !name.is_empty() && name.len() <= NAME_CHARS && name.chars().all(plain)
}

fn decoded(text: &str) -> String {
    let pair = format!("t={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        (&self.address, &self.target, self.form, self.token()) == (&other.address, &other.target, other.form, other.token())
    }
}

impl Eq for Place {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_without_its_token() {
        for (words, shown, token) in [
            ("mcp:shop", "mcp:shop", None),
            ("mcp:hub/shop", "mcp:hub/shop", None),
            ("mcp+http://127.0.0.1:7700/mcp", "mcp+http://127.0.0.1:7700/mcp", None),
            ("mcp+https://:p%2Fw+x@h/mcp?target=shop&form=plain", "mcp+https://h/mcp?target=shop", Some("p/w+x")),
            ("mcp+http://tok@h:6071/mcp/query", "mcp+http://h:6071/mcp/query", Some("tok")),
        ] {
            let place = Place::parse(words).unwrap_or_else(|error| panic!("{words}: {error}"));
            assert!(Place::is_meant(words));
            assert_eq!((place.shown().as_str(), place.token()), (shown, token));
            assert!(token.is_none_or(|token| !format!("{place:?}").contains(token)));
        }
    }

    #[test]
    fn what_is_wrong_with_the_words_is_said() {
        for (words, says) in [
            ("mcp:", "is followed by the name"),
            ("mcp:a b", "is followed by the name"),
            ("mcp:a/", "is followed by the name"),
            ("mcp+ftp://h/x", "mcp+http://host"),
            ("mcp+http://h/mcp?target=", "`target` is empty"),
            ("mcp+http://h/mcp?form=soap", "auto, mcp, plain"),
            ("mcp+http://h/mcp?token=x", "valid are: target, form"),
        ] {
            let error = Place::parse(words).unwrap_err();
            assert!(error.contains(says), "{words}: {error}");
        }
    }
}
