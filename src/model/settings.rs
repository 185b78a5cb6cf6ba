//! Settings of the room: which models there are, where they are reached, and the bounds on speaking with them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::meter::Price;
use super::secret::ApiKey;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model that runs use when they do not say. Empty: no model, the built-in reasoning works by rule.
    pub name: String,
    /// Models that are asked, in this order, when the wanted one cannot answer.
    pub fallbacks: Vec<String>,
    /// Where the models are reached; a URL without a path gets `/v1`. Empty with a key set: OpenAI.
    pub base_url: String,
    /// Sent with every request; never shown. Absent: no key is sent, as local servers want it.
    pub api_key: Option<ApiKey>,
    pub url_style: UrlStyle,
    /// Azure only; structured output needs `2024-08-01-preview` or later.
    pub api_version: String,
    /// Absent: what the URL style calls for.
    pub auth_header: Option<AuthHeader>,
    /// Absent: 0.2 where the server is known to take a temperature, else none is sent.
    pub temperature: Option<f32>,
    /// Answer tokens where the request does not say. Absent: the server's own bound.
    pub max_tokens: Option<u32>,
    /// Ask for answers in pieces; for gateways that end silent connections.
    pub stream: bool,
    /// Requests at once to one provider; more wait for a place.
    pub max_in_flight: usize,
    /// Requests a minute to one provider; absent: as many as come.
    pub requests_per_minute: Option<u32>,
    /// Seconds to connect.
    pub connect_s: u64,
    /// Seconds of silence of the server after which an attempt is given up.
    pub idle_s: u64,
    /// Seconds one attempt may take.
    pub attempt_s: u64,
    /// Attempts at one call where the server fails, is overloaded or asks to wait.
    pub attempts: u32,
    /// Milliseconds to wait before the second attempt; doubles with each.
    pub retry_base_ms: u64,
    /// The longest wait between two attempts in seconds; a server that asks for a longer one ends the call.
    pub max_wait_s: u64,
    /// Failures in a row after which calls to a provider are suspended.
    pub breaker_failures: u32,
    /// Seconds of the first suspension; doubles while the provider stays down.
    pub breaker_open_s: u64,
    /// Bytes of one answer.
    pub max_answer_bytes: usize,
    /// What differs for single models, by name.
    pub models: BTreeMap<String, ModelSettings>,
}

/// What differs for one model; everything else is as in `[model]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// The server's name for it, or the deployment's; absent: the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// A model with a base URL of its own never gets the key of `[model]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_style: Option<UrlStyle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_header: Option<AuthHeader>,
    /// Goes before the request's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// The most answer tokens that this model is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Goes before the price table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// How the URL of a chat call is made from the base URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrlStyle {
    /// `{base}/chat/completions`; the model is named in the body.
    #[default]
    Openai,
    /// `{base}/openai/deployments/{id}/chat/completions?api-version=…`; a base that ends with `/openai/v1` is the newer, unversioned form.
    Azure,
    /// `{base}/serving-endpoints/{id}/invocations`.
    Databricks,
    /// The base URL is the whole URL; `{model}` in it stands for the id.
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthHeader {
    /// `Authorization: Bearer …`
    Bearer,
    /// `api-key: …`
    ApiKey,
}

/// Settings that no call could be made with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("`{url}` of model `{model}` is not a base URL: {reason}; expected one like `https://host/v1`")]
    BadBaseUrl { model: String, url: String, reason: String },
    #[error("model `{0}` has no server; set `model.base_url`, or `model.api_key` for OpenAI")]
    NoServer(String),
    #[error("the key of model `{0}` holds characters that no header can carry")]
    BadKey(String),
    #[error("`{key}` is `{value}`; expected {expected}")]
    OutOfRange { key: &'static str, value: String, expected: &'static str },
    #[error("the price table cannot be read: {0}")]
    BadPrices(String),
    #[error("the HTTP client cannot be set up: {0}")]
    NoClient(String),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            fallbacks: Vec::new(),
            base_url: String::new(),
            api_key: None,
            url_style: UrlStyle::Openai,
            api_version: "2024-10-21".to_owned(),
            auth_header: None,
            temperature: None,
            max_tokens: None,
            stream: false,
            max_in_flight: 1_024,
            requests_per_minute: None,
            connect_s: 10,
            idle_s: 300,
            attempt_s: 600,
            attempts: 5,
            retry_base_ms: 500,
            max_wait_s: 60,
            breaker_failures: 10,
            breaker_open_s: 5,
            max_answer_bytes: 4 << 20,
            models: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Numbers that would make every call fail are said at the start, not at the first call.
    pub fn check(&self) -> Result<(), SettingsError> {
        let at_least_one = [
            ("model.max_in_flight", self.max_in_flight as u64),
            ("model.connect_s", self.connect_s),
            ("model.idle_s", self.idle_s),
            ("model.attempt_s", self.attempt_s),
            ("model.attempts", u64::from(self.attempts)),
            ("model.breaker_failures", u64::from(self.breaker_failures)),
            ("model.breaker_open_s", self.breaker_open_s),
            ("model.max_answer_bytes", self.max_answer_bytes as u64),
            ("model.requests_per_minute", self.requests_per_minute.map_or(1, u64::from)),
        ];
        match at_least_one.into_iter().find(|(_, value)| *value == 0) {
            Some((key, value)) => Err(SettingsError::OutOfRange { key, value: value.to_string(), expected: "1 or more" }),
            None => Ok(()),
        }
    }

    pub(super) fn attempt_limit(&self) -> Duration {
        Duration::from_secs(self.attempt_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_toml_and_unknown_keys_are_named() {
        let text = "name = 'm'\napi_key = 'sk-secret-1'\nurl_style = 'azure'\nauth_header = 'api-key'\n[models.m]\nid = 'dep'\nprice = { input = 1.0, output = 2 }\n";
        let settings: Settings = toml::from_str(text).expect("valid");
        assert_eq!(settings.url_style, UrlStyle::Azure);
        assert_eq!(settings.models["m"].price, Some(Price { input: 1.0, output: 2.0 }));
        assert_eq!(settings.attempts, Settings::default().attempts);
        let shown = format!("{settings:?} {}", serde_json::to_string(&settings).expect("plain data"));
        assert!(!shown.contains("sk-secret-1"), "{shown}");

        let error = toml::from_str::<Settings>("nam = 'm'").expect_err("unknown key");
        assert!(error.to_string().contains("nam"), "{error}");
    }

    #[test]
    fn a_number_that_would_stop_every_call_is_refused() {
        let settings = Settings { attempts: 0, ..Settings::default() };
        assert_eq!(settings.check().expect_err("zero").to_string(), "`model.attempts` is `0`; expected 1 or more");
        assert_eq!(Settings::default().check(), Ok(()));
    }
}
