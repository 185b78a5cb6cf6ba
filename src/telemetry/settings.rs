//! Settings of logs and span export.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What is logged: a level, or directives such as `info,fathom::engine=debug`.
    pub log: String,
    pub format: Format,
    /// A collector that speaks OTLP over HTTP; without one nothing is exported.
    pub otlp_endpoint: Option<String>,
    /// The name under which spans are exported.
    pub service_name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Pretty,
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self { log: "info".to_owned(), format: Format::Pretty, otlp_endpoint: None, service_name: "fathom".to_owned() }
    }
}

impl Settings {
    /// Keys whose value has the right type and is wrong all the same, with what is valid.
    pub fn validate(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        if let Err(error) = EnvFilter::try_new(&self.log) {
            wrong.push(("log", format!("`{}` is not a log directive: {error}; valid is `info` or `info,fathom=debug`", self.log)));
        }
        if let Some(endpoint) = &self.otlp_endpoint
            && !is_http_url(endpoint)
        {
            wrong.push(("otlp_endpoint", format!("`{endpoint}` is not a URL; valid is `http://localhost:4318`")));
        }
        if self.service_name.trim().is_empty() {
            wrong.push(("service_name", "the name is empty; valid is any word, such as `fathom`".to_owned()));
        }
        wrong
    }
}

fn is_http_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
