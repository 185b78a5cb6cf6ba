//! One server as it is to be reached, with the bounds that hold for it.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::settings::{ServerSettings, Settings};
use crate::model::ApiKey;
use crate::source::remote::{Form, Place};
use crate::tools::Effect;

#[derive(Clone, Debug)]
pub struct Setup {
    /// Of the configuration, or where it is.
    pub name: String,
    pub reach: Reach,
    pub trusted: bool,
    pub effects: BTreeMap<String, Effect>,
    pub max_in_flight: usize,
    pub call_time: Duration,
    pub connect_time: Duration,
    /// How long a call waits for what a person says.
    pub hold_time: Duration,
    pub max_result_bytes: usize,
    pub attempts: u32,
    pub retry_base: Duration,
    pub breaker_failures: u32,
    pub breaker_open: Duration,
}

#[derive(Clone, Debug)]
pub enum Reach {
    Http { url: Url, token: Option<ApiKey>, form: Form },
    Command { program: String, args: Vec<String>, env: BTreeMap<String, ApiKey>, around: BTreeMap<String, String> },
}

impl Setup {
    /// Of a server of the configuration, which was checked when it was read.
    pub fn of(name: &str, server: &ServerSettings, settings: &Settings) -> Result<Self, String> {
        let reach = match (&server.url, &server.command) {
            (Some(url), _) => Reach::Http { url: checked_url(url)?, token: server.token.clone(), form: server.form },
            (None, Some(program)) => Reach::Command {
                program: program.clone(),
                args: server.args.clone(),
                env: server.env.clone(),
                around: settings.around.clone(),
            },
            (None, None) => return Err("a server has either a `url` or a `command`".to_owned()),
        };
        let common = Self::common(name, reach, settings);
        Ok(Self {
            trusted: server.trusted,
            effects: server.effects.clone(),
            max_in_flight: server.max_in_flight.unwrap_or(common.max_in_flight),
            call_time: server.call_s.map_or(common.call_time, Duration::from_secs),
            max_result_bytes: server.max_result_bytes.unwrap_or(common.max_result_bytes),
            ..common
        })
    }

    /// Of a server that was named by its address.
    pub fn of_address(url: &str, place: &Place, settings: &Settings) -> Result<Self, String> {
        let mut whole = checked_url(url)?;
        // A Fathom offers a few tools there unless all are asked for; other servers pass over what they do not know.
        if whole.path().ends_with("/mcp") {
            whole.set_query(Some("tools=all"));
        }
        let reach = Reach::Http { url: whole, token: place.token().map(ApiKey::new), form: place.form };
        Ok(Self::common(&format!("mcp+{url}"), reach, settings))
    }

    /// Where one may sign in: there is no fixed token, and MCP may be spoken.
    pub fn login_url(&self) -> Option<&Url> {
        match &self.reach {
            Reach::Http { url, token: None, form: Form::Auto | Form::Mcp } => Some(url),
            Reach::Http { .. } | Reach::Command { .. } => None,
        }
    }

    pub fn token(&self) -> Option<&ApiKey> {
        match &self.reach {
            Reach::Http { token, .. } => token.as_ref(),
            Reach::Command { .. } => None,
        }
    }

    /// Where it is, for people.
    pub fn shown(&self) -> String {
        match &self.reach {
            Reach::Http { url, .. } => url.to_string(),
            Reach::Command { program, args, .. } => [std::slice::from_ref(program), args.as_slice()].concat().join(" "),
        }
    }

    fn common(name: &str, reach: Reach, settings: &Settings) -> Self {
        Self {
            name: name.to_owned(),
            reach,
            trusted: false,
            effects: BTreeMap::new(),
            max_in_flight: settings.max_in_flight.max(1),
            call_time: Duration::from_secs(settings.call_s),
            connect_time: Duration::from_secs(settings.connect_s),
            hold_time: settings.hold,
            max_result_bytes: settings.max_result_bytes,
            attempts: settings.attempts.max(1),
            retry_base: Duration::from_millis(settings.retry_base_ms),
            breaker_failures: settings.breaker_failures,
            breaker_open: Duration::from_secs(settings.breaker_open_s),
        }
    }
}

/// A token in an address would be shown wherever the address is.
pub fn checked_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("it begins with `http://` or `https://` and names a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or a password; give the token apart".to_owned());
    }
    Ok(url)
}

/// Whether it is this machine; then no proxy stands between.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
