//! The token of one server: read from what is kept, renewed when it runs out or is refused, by one for all who wait.

use std::sync::{Mutex, PoisonError};

use rmcp::transport::auth::{AuthError, ClientCredentialsConfig, CredentialStore, InMemoryCredentialStore, StoredCredentials};
use url::Url;

use super::assertion::{self, Asking, SigningKey};
use super::discovery::{Discovered, discover};
use super::error::{Error, plain};
use super::kept::{Client, Kept};
use super::login::Attempt;
use super::settings::{Grant, OAuthSettings, is_scope};
use crate::store::{LoginBook, clock};

/// Scopes that a server may add to what is asked for.
const MOST_WANTED: usize = 50;

pub struct Keeper {
    pub(super) server: String,
    pub(super) url: Url,
    pub(super) settings: OAuthSettings,
    pub(super) book: LoginBook,
    /// Whoever holds it changes what is kept; who waits for it finds the change.
    pub(super) changing: tokio::sync::Mutex<()>,
    heard: Mutex<Heard>,
    pub(super) attempt: Mutex<Attempt>,
}

/// What the server said when it refused us.
#[derive(Clone, Default)]
pub(super) struct Heard {
    pub challenge: Option<String>,
    /// Scopes that were missing.
    pub wanted: Vec<String>,
}

/// What is kept, and whose it is.
pub(super) struct Held {
    pub issuer: String,
    pub kept: Kept,
}

impl Keeper {
    pub fn new(server: &str, url: Url, settings: OAuthSettings, book: LoginBook) -> Self {
        let server = server.to_owned();
        Self { server, url, settings, book, changing: Default::default(), heard: Mutex::default(), attempt: Mutex::default() }
    }

    pub fn grant(&self) -> Grant {
        self.settings.grant
    }

    /// The token to send; none where nobody has signed in, and the server is to say what it wants.
    pub async fn token(&self) -> Result<Option<String>, Error> {
        let Some(access) = self.fresh().await? else {
            let _changing = self.changing.lock().await;
            return match self.held().await? {
                Some(held) if is_fresh(&held.kept) => Ok(held.access()),
                Some(held) => self.renew(held, None).await,
                None => Ok(None),
            };
        };
        Ok(Some(access))
    }

    /// Another token than the one that was refused; none where a person has to sign in.
    pub async fn after_refusal(&self, sent: Option<&str>, challenge: Option<&str>) -> Result<Option<String>, Error> {
        self.hear(challenge, None);
        let _changing = self.changing.lock().await;
        let held = self.held().await?;
        // Somebody may have been faster.
        if let Some(access) = held.as_ref().filter(|held| is_fresh(&held.kept)).and_then(Held::access)
            && sent != Some(access.as_str())
        {
            return Ok(Some(access));
        }
        let renewed = match (self.settings.grant, held) {
            (Grant::ClientCredentials, _) => self.obtain(challenge).await?,
            (Grant::Code, Some(held)) => self.renew(held, challenge).await?,
            (Grant::Code, None) => None,
        };
        Ok(renewed.filter(|access| sent != Some(access.as_str())))
    }

    pub fn hear(&self, challenge: Option<&str>, scope: Option<&str>) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(challenge) = challenge {
            heard.challenge = Some(challenge.to_owned());
        }
        for wanted in scope.unwrap_or_default().split_whitespace().filter(|scope| is_scope(scope)) {
            if heard.wanted.len() < MOST_WANTED && !heard.wanted.iter().any(|known| known == wanted) {
                heard.wanted.push(wanted.to_owned());
            }
        }
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server has refused us since somebody signed in.
    pub fn was_refused(&self) -> bool {
        self.heard().challenge.is_some()
    }

    pub(super) fn forget_heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Heard::default();
    }

    pub async fn is_signed_in(&self) -> Result<bool, Error> {
        Ok(self.held().await?.is_some())
    }

    /// What is kept of a sign-in by the client that the settings name.
    pub(super) async fn held(&self) -> Result<Option<Held>, Error> {
        let all = self.all_held().await?;
        let is_ours = |held: &Held| self.settings.client_id.as_ref().is_none_or(|id| *id == held.kept.client.id);
        Ok(all.into_iter().find(|held| held.kept.tokens().is_some() && is_ours(held)))
    }

    pub(super) async fn all_held(&self) -> Result<Vec<Held>, Error> {
        let logins = self.book.of(&self.server).await?;
        Ok(logins
            .into_iter()
            .filter_map(|login| Some(Held { issuer: login.issuer, kept: serde_json::from_str(&login.text).ok()? }))
            .collect())
    }

    /// What others gave is of no use any more.
    pub(super) async fn keep(&self, issuer: &str, kept: &Kept) -> Result<(), Error> {
        let text = serde_json::to_string(kept).expect("tokens are plain data and always serialise");
        self.book.put(&self.server, issuer, &text).await?;
        self.book.forget(&self.server, Some(issuer)).await?;
        Ok(())
    }

    pub(super) async fn discover(&self, challenge: Option<&str>) -> Result<Discovered, Error> {
        let discovered = discover(&self.url, &self.settings, challenge).await?;
        let Some(id) = &self.settings.client_id else { return Ok(discovered) };
        let known = match &self.settings.issuer {
            Some(issuer) => Some(issuer.clone()),
            None => self.all_held().await?.into_iter().find(|held| held.kept.client.id == *id).map(|held| held.issuer),
        };
        match known.filter(|known| *known != discovered.issuer) {
            None => Ok(discovered),
            Some(known) => Err(Error::Refused(format!(
                "its issuer is `{}` now, and the client is known to `{}`; if that is meant, log out first, and see `oauth.issuer`",
                plain(&discovered.issuer),
                plain(&known)
            ))),
        }
    }

    async fn fresh(&self) -> Result<Option<String>, Error> {
        Ok(self.held().await?.filter(|held| is_fresh(&held.kept)).and_then(|held| held.access()))
    }

    /// To be called by who holds `changing`.
    async fn renew(&self, held: Held, challenge: Option<&str>) -> Result<Option<String>, Error> {
        if self.settings.grant == Grant::ClientCredentials {
            return self.obtain(challenge).await;
        }
        let Some(tokens) = held.kept.tokens().filter(|tokens| tokens.refresh.is_some()) else { return Ok(None) };
        let Discovered { mut manager, issuer, .. } = self.discover(challenge).await?;
        if issuer != held.issuer {
            tracing::warn!(server = %self.server, "a remote server has another issuer now; somebody has to sign in there");
            return Ok(None);
        }
        let redact = |text| held.kept.redact(text);
        manager.configure_client(held.kept.client.config()).map_err(|error| Error::of(&error, redact))?;
        let memory = InMemoryCredentialStore::new();
        let stored =
            held.kept.tokens.clone().unwrap_or_else(|| StoredCredentials::new(held.kept.client.id.clone(), None, Vec::new(), None));
        memory.save(stored).await.map_err(|error| Error::of(&error, redact))?;
        manager.set_credential_store(memory.clone());
        match manager.refresh_token().await {
            Ok(_) => {
                let kept = Kept { tokens: memory.load().await.map_err(|error| Error::of(&error, redact))?, ..held.kept.clone() };
                self.keep(&issuer, &kept).await?;
                Ok(kept.tokens().map(|tokens| tokens.access))
            }
            Err(AuthError::TokenRefreshRejected(_) | AuthError::AuthorizationRequired) => {
                // Another process may have used the refresh token before us.
                let now = self.held().await?.and_then(|held| held.access());
                if now.as_ref().is_some_and(|access| *access != tokens.access) {
                    return Ok(now);
                }
                self.keep(&issuer, &Kept { tokens: None, ..held.kept.clone() }).await?;
                Ok(None)
            }
            Err(error) => Err(Error::of(&error, redact)),
        }
    }

    /// With the client's own credentials. To be called by who holds `changing`.
    async fn obtain(&self, challenge: Option<&str>) -> Result<Option<String>, Error> {
        let Discovered { mut manager, metadata, issuer } = self.discover(challenge).await?;
        let scopes = match self.settings.scopes.as_slice() {
            // Nobody is away who could come back, so there is nothing to refresh.
            [] => manager.select_initial_scopes(&[]).await.into_iter().filter(|scope| scope != "offline_access").collect(),
            own => own.to_vec(),
        };
        let id = self.settings.client_id.clone().unwrap_or_default();
        let secret = self.settings.client_secret.as_ref().map(|secret| secret.expose().to_owned());
        let client = Client { id: id.clone(), secret: secret.clone(), redirect: String::new(), is_registered: false };
        let mut kept = Kept { client, asked: scopes.clone(), tokens: None };
        let resource = self.url.to_string();
        let response = match (&self.settings.private_key, secret) {
            (Some(pem), _) => {
                let key = SigningKey::parse(pem.expose()).map_err(|why| Error::Refused(why.to_owned()))?;
                let asking = Asking { client_id: &id, scopes: &scopes, resource: &resource, now_s: now_s() };
                assertion::exchange(&key, &metadata, &asking).await?
            }
            (None, secret) => {
                let client_secret = secret.unwrap_or_default();
                let resource = Some(resource);
                let config =
                    ClientCredentialsConfig::ClientSecret { client_id: id.clone(), client_secret, scopes: scopes.clone(), resource };
                let refused = |error| Error::of(&error, |text| kept.redact(text));
                manager.validate_client_credentials_metadata(&config).map_err(refused)?;
                manager.configure_client_credentials(&config).map_err(refused)?;
                manager.exchange_client_credentials(&config).await.map_err(refused)?
            }
        };
        kept.tokens = Some(StoredCredentials::new(id, Some(response), scopes, Some(now_s())).with_issuer(Some(issuer.clone())));
        self.keep(&issuer, &kept).await?;
        Ok(kept.tokens().map(|tokens| tokens.access))
    }
}

impl Held {
    fn access(&self) -> Option<String> {
        self.kept.tokens().map(|tokens| tokens.access)
    }
}

fn is_fresh(kept: &Kept) -> bool {
    kept.tokens().is_some_and(|tokens| tokens.is_fresh(now_s()))
}

fn now_s() -> u64 {
    u64::try_from(clock::now() / 1_000).unwrap_or_default()
}
