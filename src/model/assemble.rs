//! Makes the models of the settings: clients of servers, each within the bounds that its provider's models share, chained to its fallbacks.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::breaker::Breaker;
use super::chain::Chain;
use super::limit::Limits;
use super::link::{Link, Provider};
use super::meter::Prices;
use super::openai::{Address, Client, Endpoint, Learning, Learnt, Transport, Wishes};
use super::port::Model;
use super::retry::Policy;
use super::settings::{ModelSettings, Settings, SettingsError};
use super::shapes::Shapes;

/// Names that are made on demand; a client that asks for ever new ones must not fill the memory.
const MAX_MODELS: usize = 256;

/// The models of a process. Clones are the same models.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

/// What was learnt about one model, for `fathom check --models`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearntOf {
    pub provider: String,
    /// The server's name of the model.
    pub model: String,
    pub learnt: Learnt,
}

struct Inner {
    settings: Settings,
    prices: Prices,
    shapes: Arc<Shapes>,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    /// By provider.
    providers: HashMap<String, (Arc<Provider>, reqwest::Client)>,
    /// By provider and the server's name of the model.
    learning: HashMap<(String, String), Arc<Learning>>,
    links: HashMap<String, Arc<Link>>,
    chains: HashMap<String, Arc<Chain>>,
}

/// Checks the settings and makes every model that they name.
pub fn build(settings: &Settings, prices: Prices) -> Result<Models, SettingsError> {
    // Without a provider of cryptography the HTTP client panics; whoever installed one before is right, too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    settings.check()?;
    let inner = Inner { settings: settings.clone(), prices, shapes: Arc::default(), made: Mutex::default() };
    let models = Models { inner: Arc::new(inner) };
    for name in models.configured() {
        models.make(&name)?;
    }
    Ok(models)
}

impl Models {
    /// The model of this name with its fallbacks. A name that the settings do not list is asked of the server in `[model]`, if there is one.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Model>> {
        if name.is_empty() || name == "builtin" {
            return None;
        }
        self.make(name).ok().map(|chain| chain as Arc<dyn Model>)
    }

    /// The model of runs that do not say; none where the built-in reasoning is to be used.
    pub fn default_name(&self) -> Option<&str> {
        Some(self.inner.settings.name.as_str()).filter(|name| !name.is_empty())
    }

    /// Names that the settings know, sorted.
    pub fn configured(&self) -> Vec<String> {
        let settings = &self.inner.settings;
        let names: BTreeSet<&String> =
            settings.models.keys().chain(&settings.fallbacks).chain([&settings.name]).filter(|name| !name.is_empty()).collect();
        names.into_iter().cloned().collect()
    }

    /// What calls have taught so far about each server and model, sorted.
    pub fn learnt(&self) -> Vec<LearntOf> {
        let made = self.inner.made.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |((provider, model), learning): (&(String, String), &Arc<Learning>)| LearntOf {
            provider: provider.clone(),
            model: model.clone(),
            learnt: learning.now(),
        };
        let mut lines: Vec<LearntOf> = made.learning.iter().map(line).collect();
        lines.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        lines
    }

    fn make(&self, name: &str) -> Result<Arc<Chain>, SettingsError> {
        let mut made = self.inner.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chain) = made.chains.get(name) {
            return Ok(Arc::clone(chain));
        }
        if made.chains.len() >= MAX_MODELS {
            let expected = "at most 256 different names of models in one process";
            return Err(SettingsError::OutOfRange { key: "model", value: name.chars().take(80).collect(), expected });
        }
        let mut links = vec![self.inner.link(&mut made, name)?];
        for fallback in self.inner.settings.fallbacks.iter().filter(|fallback| !fallback.is_empty() && *fallback != name) {
            links.push(self.inner.link(&mut made, fallback)?);
        }
        let chain = Arc::new(Chain { name: name.to_owned(), links, shapes: Arc::clone(&self.inner.shapes) });
        made.chains.insert(name.to_owned(), Arc::clone(&chain));
        Ok(chain)
    }
}

impl Inner {
    fn link(&self, made: &mut Made, name: &str) -> Result<Arc<Link>, SettingsError> {
        if let Some(link) = made.links.get(name) {
            return Ok(Arc::clone(link));
        }
        let settings = &self.settings;
        let own = settings.models.get(name).cloned().unwrap_or_default();
        let id = own.id.clone().unwrap_or_else(|| name.to_owned());
        let endpoint = Endpoint::new(&self.address(name, &id, &own))?;
        let (provider, http) = self.provider(made, &endpoint)?;
        let learning = Arc::clone(made.learning.entry((endpoint.provider.clone(), id.clone())).or_default());
        let transport = Transport::new(http.clone(), endpoint.key.clone(), settings.max_answer_bytes, Duration::from_secs(settings.idle_s));
        let wishes = Wishes {
            temperature_of_model: own.temperature,
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            max_tokens_of_model: own.max_tokens,
            stream: own.stream.unwrap_or(settings.stream),
        };
        let client = Client::new(name.to_owned(), endpoint, http, transport, wishes, learning, Arc::clone(&self.shapes));
        let link = Arc::new(Link {
            name: Arc::from(name),
            wire: Box::new(client),
            provider,
            policy: Policy {
                attempts: settings.attempts,
                base: Duration::from_millis(settings.retry_base_ms),
                max_wait: Duration::from_secs(settings.max_wait_s),
            },
            attempt_limit: settings.attempt_limit(),
            price: own.price.or_else(|| self.prices.of(name)).or_else(|| self.prices.of(&id)),
        });
        made.links.insert(name.to_owned(), Arc::clone(&link));
        Ok(link)
    }

    fn address<'a>(&'a self, name: &'a str, id: &'a str, own: &'a ModelSettings) -> Address<'a> {
        let settings = &self.settings;
        let has_own_url = own.base_url.is_some();
        Address {
            name,
            id,
            base_url: own.base_url.as_deref().unwrap_or(&settings.base_url),
            // The key of one server is none of another's business.
            key: own.api_key.as_ref().or(if has_own_url { None } else { settings.api_key.as_ref() }),
            style: own.url_style.unwrap_or(if has_own_url { Default::default() } else { settings.url_style }),
            api_version: own.api_version.as_deref().unwrap_or(&settings.api_version),
            auth_header: own.auth_header.or(if has_own_url { None } else { settings.auth_header }),
        }
    }

    /// The bounds and the connections that all models of one server share.
    fn provider(&self, made: &mut Made, endpoint: &Endpoint) -> Result<(Arc<Provider>, reqwest::Client), SettingsError> {
        if let Some((provider, http)) = made.providers.get(&endpoint.provider) {
            return Ok((Arc::clone(provider), http.clone()));
        }
        let settings = &self.settings;
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(settings.connect_s))
            .read_timeout(Duration::from_secs(settings.idle_s))
            .tcp_nodelay(true)
            .pool_max_idle_per_host(settings.max_in_flight)
            // A redirect would carry the key and the prompt to a place that nobody named.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("fathom/", env!("CARGO_PKG_VERSION")));
        let http = if endpoint.is_local() { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| SettingsError::NoClient(error.to_string()))?;
        let provider = Arc::new(Provider {
            name: endpoint.provider.clone(),
            limits: Limits::new(settings.max_in_flight, settings.requests_per_minute),
            breaker: Breaker::new(settings.breaker_failures, Duration::from_secs(settings.breaker_open_s)),
        });
        made.providers.insert(endpoint.provider.clone(), (Arc::clone(&provider), http.clone()));
        Ok((provider, http))
    }
}
