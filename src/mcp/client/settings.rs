//! Settings of remote servers: which there are, how they are reached, what is believed of them, and how long and how much.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::oauth::OAuthSettings;
use crate::model::ApiKey;
use crate::source::remote::{Form, is_name};
use crate::tools::Effect;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Calls to one server at once; more wait for a place.
    pub max_in_flight: usize,
    /// Seconds that a call may take, repetitions included.
    pub call_s: u64,
    /// Seconds to connect and agree on a revision.
    pub connect_s: u64,
    /// Bytes of one result.
    pub max_result_bytes: usize,
    /// Attempts at a call that only reads, or was not sent.
    pub attempts: u32,
    /// Milliseconds before the second attempt; the wait doubles with each.
    pub retry_base_ms: u64,
    /// Failures in a row after which calls to a server are suspended.
    pub breaker_failures: u32,
    /// Seconds of the first suspension; it doubles while the server stays away.
    pub breaker_open_s: u64,
    /// By name.
    pub servers: BTreeMap<String, ServerSettings>,
    /// The few variables that a server's process gets besides its own; from the configuration's surroundings.
    #[serde(skip)]
    pub around: BTreeMap<String, String>,
    /// How long a call waits for what a person says; only tests have another time.
    #[serde(skip)]
    pub hold: Duration,
}

/// One server: a URL, or a command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    pub url: Option<String>,
    /// A program that speaks MCP on its standard input and output.
    pub command: Option<String>,
    pub args: Vec<String>,
    /// Variables of the program. They may be secrets, and are shown nowhere.
    pub env: BTreeMap<String, ApiKey>,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<ApiKey>,
    /// How one signs in, where the server wants that and does not say all of it itself.
    pub oauth: Option<OAuthSettings>,
    pub form: Form,
    /// What the server says of its own tools is believed.
    pub trusted: bool,
    /// By tool; goes before what the server says.
    pub effects: BTreeMap<String, Effect>,
    pub max_in_flight: Option<usize>,
    pub call_s: Option<u64>,
    pub max_result_bytes: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_in_flight: 4,
            call_s: 60,
            connect_s: 15,
            max_result_bytes: 4 * 1024 * 1024,
            attempts: 3,
            retry_base_ms: 200,
            breaker_failures: 5,
            breaker_open_s: 5,
            servers: BTreeMap::new(),
            around: BTreeMap::new(),
            hold: Duration::from_secs(600),
        }
    }
}

impl Settings {
    /// Settings and what is wrong with them.
    pub fn wrong(&self) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let bounds = [
            ("max_in_flight", self.max_in_flight as u64, 1, 1_000),
            ("call_s", self.call_s, 1, 3_600),
            ("connect_s", self.connect_s, 1, 600),
            ("max_result_bytes", self.max_result_bytes as u64, 1_024, 64 * 1024 * 1024),
            ("attempts", self.attempts.into(), 1, 20),
            ("retry_base_ms", self.retry_base_ms, 0, 60_000),
            ("breaker_failures", self.breaker_failures.into(), 1, 1_000),
            ("breaker_open_s", self.breaker_open_s, 1, 300),
        ];
        let of_server = self.servers.iter().flat_map(|(name, server)| {
            let bounds = [
                ("max_in_flight", server.max_in_flight.map(|value| value as u64), 1, 1_000),
                ("call_s", server.call_s, 1, 3_600),
                ("max_result_bytes", server.max_result_bytes.map(|value| value as u64), 1_024, 64 * 1024 * 1024),
            ];
            bounds.map(|(key, value, least, most)| (format!("servers.{name}.{key}"), value, least, most))
        });
        let all = bounds.map(|(key, value, least, most)| (key.to_owned(), Some(value), least, most)).into_iter().chain(of_server);
        wrong.extend(all.filter_map(|(key, value, least, most)| {
            let value = value.filter(|value| !(least..=most).contains(value))?;
            Some((key, format!("`{value}` is out of bounds; valid are {least} to {most}")))
        }));
        for (name, server) in &self.servers {
            wrong.extend(server.wrong(name).into_iter().map(|(key, why)| (format!("servers.{name}{key}"), why)));
        }
        wrong
    }
}

impl ServerSettings {
    fn wrong(&self, name: &str) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let mut say = |key: &str, why: &str| wrong.push((key.to_owned(), why.to_owned()));
        if !is_name(name) {
            say("", "the name of a server is 1 to 60 letters, digits, `-` and `_`");
        }
        if name == "calls" {
            say("", "`calls` is where calls without an answer are; give it another name");
        }
        match (&self.url, &self.command) {
            (Some(url), None) => {
                if let Err(why) = super::setup::checked_url(url) {
                    say(".url", &why);
                }
                if !self.args.is_empty() || !self.env.is_empty() {
                    say("", "`args` and `env` are of a `command`, not of a `url`");
                }
            }
            (None, Some(_)) if self.token.is_some() => say(".token", "a command takes no token; give it a variable in `env`"),
            (None, Some(_)) if self.oauth.is_some() => say(".oauth", "nobody signs in to a command; give it a variable in `env`"),
            (None, Some(_)) if self.form == Form::Plain => say(".form", "a command speaks MCP; `plain` is for a `url`"),
            (None, Some(_)) => {}
            (Some(_), Some(_)) | (None, None) => say("", "a server has either a `url` or a `command`"),
        }
        if self.url.is_some() && self.oauth.is_some() {
            if self.token.is_some() {
                say(".oauth", "a server has a fixed `token`, or one signs in to it; leave one of them out");
            }
            if self.form == Form::Plain {
                say(".oauth", "signing in is of MCP; a `plain` server takes a `token`");
            }
        }
        for (key, why) in self.oauth.iter().flat_map(OAuthSettings::wrong) {
            say(&format!(".oauth.{key}"), &why);
        }
        for (tool, effect) in &self.effects {
            if *effect == Effect::Record {
                say(&format!(".effects.{tool}"), "`record` is for tools of Fathom itself; valid are: read, mutate");
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_server_is_named() {
        let server = |change: &dyn Fn(&mut ServerSettings)| {
            let mut server = ServerSettings { url: Some("http://h/mcp".to_owned()), ..ServerSettings::default() };
            change(&mut server);
            Settings { servers: BTreeMap::from([("hub".to_owned(), server)]), ..Settings::default() }.wrong()
        };
        assert_eq!(server(&|_| {}), []);
        for (change, key) in [
            (&(|server: &mut ServerSettings| server.url = None) as &dyn Fn(&mut ServerSettings), "servers.hub"),
            (&|server| server.command = Some("x".to_owned()), "servers.hub"),
            (&|server| server.url = Some("http://u:p@h/".to_owned()), "servers.hub.url"),
            (&|server| server.url = Some("ftp://h/".to_owned()), "servers.hub.url"),
            (&|server| server.call_s = Some(0), "servers.hub.call_s"),
            (&|server| (server.token, server.oauth) = (Some(ApiKey::new("t")), Some(OAuthSettings::default())), "servers.hub.oauth"),
            (&|server| (server.form, server.oauth) = (Form::Plain, Some(OAuthSettings::default())), "servers.hub.oauth"),
            (
                &|server| server.oauth = Some(OAuthSettings { scopes: vec!["a b".to_owned()], ..OAuthSettings::default() }),
                "servers.hub.oauth.scopes",
            ),
            (&|server| server.effects = BTreeMap::from([("t".to_owned(), Effect::Record)]), "servers.hub.effects.t"),
        ] {
            let wrong = server(change);
            assert_eq!(wrong.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [key], "{wrong:?}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let server = ServerSettings {
            token: Some(ApiKey::new("hidden-token")),
            oauth: Some(OAuthSettings {
                client_secret: Some(ApiKey::new("hidden-secret")),
                private_key: Some(ApiKey::new("hidden-key")),
                ..OAuthSettings::default()
            }),
            env: BTreeMap::from([("X".to_owned(), ApiKey::new("hidden-value"))]),
            ..ServerSettings::default()
        };
        let shown = format!("{server:?}{}", serde_json::to_string(&server).unwrap());
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
