//! Where one model is reached: the URL in one of the styles, and the headers with the key.

use async_openai::config::Config;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use crate::model::secret::ApiKey;
use crate::model::settings::{AuthHeader, SettingsError, UrlStyle};

const OPENAI: &str = "https://api.openai.com/v1";

#[derive(Clone)]
pub(in crate::model) struct Endpoint {
    url: String,
    headers: HeaderMap,
    /// Absent where the URL already names the model.
    pub model: Option<String>,
    /// Scheme, host, port and base path: what limits are shared by, and what people are shown.
    pub provider: String,
    pub host: String,
    pub key: Option<ApiKey>,
    no_key: SecretString,
}

/// What an endpoint is made from.
pub(in crate::model) struct Address<'a> {
    /// The name of the model in the settings, for errors.
    pub name: &'a str,
    pub id: &'a str,
    pub base_url: &'a str,
    pub key: Option<&'a ApiKey>,
    pub style: UrlStyle,
    pub api_version: &'a str,
    pub auth_header: Option<AuthHeader>,
}

impl Endpoint {
    pub fn new(address: &Address<'_>) -> Result<Self, SettingsError> {
        let base = base_url(address)?;
        let base_path = base.path().trim_end_matches('/').to_owned();
        let host = base.host_str().unwrap_or_default().to_owned();
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        // For the whole URL, only the host can be shared by several models.
        let shared_path = if address.style == UrlStyle::Full { "" } else { base_path.as_str() };
        let provider = format!("{}://{host}{port}{shared_path}", base.scheme());

        let mut url = base;
        let unversioned_azure = base_path.ends_with("/openai/v1");
        let mut model = Some(address.id.to_owned());
        match address.style {
            UrlStyle::Openai => url.set_path(&format!("{base_path}/chat/completions")),
            UrlStyle::Azure if unversioned_azure => url.set_path(&format!("{base_path}/chat/completions")),
            UrlStyle::Azure => {
                let base_path = base_path.strip_suffix("/openai").unwrap_or(&base_path);
                url.set_path(&format!("{base_path}/openai/deployments/{}/chat/completions", address.id));
                if !url.query_pairs().any(|(key, _)| key == "api-version") {
                    url.query_pairs_mut().append_pair("api-version", address.api_version);
                }
                model = None;
            }
            UrlStyle::Databricks => {
                let base_path = base_path.strip_suffix("/serving-endpoints").unwrap_or(&base_path);
                url.set_path(&format!("{base_path}/serving-endpoints/{}/invocations", address.id));
                model = None;
            }
            UrlStyle::Full => {}
        }
        Ok(Self {
            url: url.into(),
            headers: headers(address)?,
            model,
            provider,
            host,
            key: address.key.cloned(),
            no_key: SecretString::from(String::new()),
        })
    }

    pub fn is_local(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Servers that are known to take a temperature with every model they have.
    pub fn takes_temperature(&self) -> bool {
        self.is_local() || ["api.mistral.ai", "api.groq.com", "api.deepseek.com"].contains(&self.host.as_str())
    }
}

fn base_url(address: &Address<'_>) -> Result<Url, SettingsError> {
    let text = match (address.base_url.trim(), address.key) {
        ("", Some(_)) if address.style == UrlStyle::Openai => OPENAI,
        ("", _) => return Err(SettingsError::NoServer(address.name.to_owned())),
        (text, _) => text,
    };
    let filled = if address.style == UrlStyle::Full { text.replace("{model}", address.id) } else { text.to_owned() };
    let bad = |reason: &str| {
        // A password may stand before the host.
        let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest).split('?').next().unwrap_or_default();
        SettingsError::BadBaseUrl { model: address.name.to_owned(), url: shown.to_owned(), reason: reason.to_owned() }
    };
    let mut url = Url::parse(&filled).map_err(|error| bad(&error.to_string()))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(bad("the scheme is neither `http` nor `https`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it holds a user or password; set `api_key` instead"));
    }
    url.set_fragment(None);
    if address.style == UrlStyle::Openai && url.path().trim_end_matches('/').is_empty() {
        url.set_path("/v1");
    }
    Ok(url)
}

fn headers(address: &Address<'_>) -> Result<HeaderMap, SettingsError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = address.key {
        let default = if address.style == UrlStyle::Azure { AuthHeader::ApiKey } else { AuthHeader::Bearer };
        let (name, text) = match address.auth_header.unwrap_or(default) {
            AuthHeader::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose().trim())),
            AuthHeader::ApiKey => (HeaderName::from_static("api-key"), key.expose().trim().to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| SettingsError::BadKey(address.name.to_owned()))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    /// The whole URL was made in advance; the library's path is that of one style only.
    fn url(&self, _path: &str) -> String {
        self.url.clone()
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.url
    }

    fn api_key(&self) -> &SecretString {
        &self.no_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base_url: &str, style: UrlStyle) -> String {
        let key = ApiKey::new("k");
        let address = Address { name: "n", id: "gpt", base_url, key: Some(&key), style, api_version: "2024-10-21", auth_header: None };
        match Endpoint::new(&address) {
            Ok(endpoint) => endpoint.url("/chat/completions"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_style_makes_its_url() {
        use UrlStyle::{Azure, Databricks, Full, Openai};
        assert_eq!(url("", Openai), "https://api.openai.com/v1/chat/completions");
        assert_eq!(url("http://localhost:11434", Openai), "http://localhost:11434/v1/chat/completions");
        assert_eq!(url("https://openrouter.ai/api/v1/", Openai), "https://openrouter.ai/api/v1/chat/completions");
        assert_eq!(
            url("https://x.openai.azure.com", Azure),
            "https://x.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
        );
        assert_eq!(url("https://x.openai.azure.com/openai/v1/", Azure), "https://x.openai.azure.com/openai/v1/chat/completions");
        assert_eq!(url("https://dbc.example.com", Databricks), "https://dbc.example.com/serving-endpoints/gpt/invocations");
        assert_eq!(url("https://h/serving-endpoints", Openai), "https://h/serving-endpoints/chat/completions");
        assert_eq!(url("https://h/m/{model}/go?a=b", Full), "https://h/m/gpt/go?a=b");
    }

    #[test]
    fn a_url_that_is_none_is_named_without_its_secrets() {
        assert!(url("ftp://h", UrlStyle::Openai).contains("neither `http` nor `https`"));
        assert!(url("", UrlStyle::Azure).contains("has no server"));
        let error = url("https://me:secret@h/v1?k=hidden", UrlStyle::Openai);
        assert!(error.contains("api_key") && !error.contains("secret") && !error.contains("hidden"), "{error}");
    }
}
