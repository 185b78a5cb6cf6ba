//! The token of one server: read from what is kept, renewed when it runs out or is refused, by one for all who wait.
//!
//! A renewal goes on without the request that wanted it: what the issuer gave is kept, whoever has gone meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::transport::auth::{
    AuthError, ClientCredentialsConfig, CredentialStore, InMemoryCredentialStore, OAuthClientConfig, StoredCredentials,
};
use url::Url;

use super::assertion::{self, Asking, SigningKey};
use super::discovery::{Discovered, discover};
use super::error::{Error, plain};
use super::kept::{Client, Kept};
use super::login::Attempts;
use super::outgoing::Outgoing;
use super::settings::{Grant, OAuthSettings, is_scope};
use crate::store::{LoginBook, clock};

/// Scopes that a server may add to what is asked for.
pub(super) const MOST_WANTED: usize = 50;
/// A server that leads us about for longer is given up.
const DISCOVERY: Duration = Duration::from_secs(60);
/// With the request for a token.
const LONGEST: Duration = Duration::from_secs(120);

pub struct Keeper {
    pub(super) server: String,
    pub(super) url: Url,
    pub(super) settings: OAuthSettings,
    pub(super) book: LoginBook,
    /// Whoever holds it changes what is kept; who waits for it finds the change.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// With what the server refused us since somebody signed in.
    challenge: Mutex<Option<String>>,
    pub(super) attempts: Mutex<Attempts>,
}

/// What is kept, and whose it is.
pub(super) struct Held {
    pub issuer: String,
    pub kept: Kept,
}

impl Keeper {
    pub fn new(server: &str, url: Url, settings: OAuthSettings, book: LoginBook) -> Self {
        let server = server.to_owned();
        Self { server, url, settings, book, changing: Default::default(), challenge: Mutex::default(), attempts: Mutex::default() }
    }

    pub fn grant(&self) -> Grant {
        self.settings.grant
    }

    /// The token to send; none where nobody has signed in, and the server is to say what it wants.
    pub async fn token(self: &Arc<Self>) -> Result<Option<String>, Error> {
        match self.held().await? {
            None => Ok(None),
            Some(held) if is_fresh(&held.kept) => Ok(held.access()),
            Some(_) => {
                let keeper = self.clone();
                apart(async move { keeper.renewed().await }).await
            }
        }
    }

    /// Another token than the one that was refused; none where a person has to sign in.
    pub async fn after_refusal(self: &Arc<Self>, sent: Option<&str>, challenge: Option<&str>) -> Result<Option<String>, Error> {
        self.hear(challenge);
        let (keeper, sent, challenge) = (self.clone(), sent.map(str::to_owned), challenge.map(str::to_owned));
        apart(async move { keeper.another(sent, challenge).await }).await
    }

    async fn renewed(&self) -> Result<Option<String>, Error> {
        let _changing = self.changing.lock().await;
        let Some(held) = self.held().await? else { return Ok(None) };
        if is_fresh(&held.kept) {
            return Ok(held.access());
        }
        match self.renew(&held, None).await {
            // Where another one is given may be known from a refusal alone, to which the old one leads.
            Err(Error::Refused(why)) => {
                tracing::debug!(server = %self.server, why, "a token that runs out could not be renewed");
                Ok(held.access())
            }
            renewed => renewed,
        }
    }

    async fn another(&self, sent: Option<String>, challenge: Option<String>) -> Result<Option<String>, Error> {
        let _changing = self.changing.lock().await;
        let held = self.held().await?;
        // Somebody may have been faster.
        if let Some(access) = held.as_ref().filter(|held| is_fresh(&held.kept)).and_then(Held::access)
            && sent.as_ref() != Some(&access)
        {
            return Ok(Some(access));
        }
        let renewed = match (self.grant(), held) {
            (Grant::ClientCredentials, _) => self.obtain(challenge.as_deref()).await?,
            (Grant::Code, Some(held)) => self.renew(&held, challenge.as_deref()).await?,
            (Grant::Code, None) => None,
        };
        Ok(renewed.filter(|access| sent.as_ref() != Some(access)))
    }

    /// Scopes without which the server refused something; the next sign-in asks for them, whichever process begins it.
    pub async fn want(&self, challenge: &str, scope: Option<&str>) -> Result<(), Error> {
        self.hear(Some(challenge));
        let _changing = self.changing.lock().await;
        let Some(Held { issuer, mut kept }) = self.held().await? else { return Ok(()) };
        let known = kept.wanted.len();
        for scope in scope.unwrap_or_default().split_whitespace().filter(|scope| is_scope(scope)) {
            if kept.wanted.len() < MOST_WANTED && !kept.asked.iter().chain(&kept.wanted).any(|known| known == scope) {
                kept.wanted.push(scope.to_owned());
            }
        }
        if kept.wanted.len() > known { self.keep(&issuer, &kept).await } else { Ok(()) }
    }

    fn hear(&self, challenge: Option<&str>) {
        if let Some(challenge) = challenge {
            *self.challenge.lock().unwrap_or_else(PoisonError::into_inner) = Some(challenge.to_owned());
        }
    }

    pub(super) fn challenge(&self) -> Option<String> {
        self.challenge.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server has refused us since somebody signed in.
    pub fn was_refused(&self) -> bool {
        self.challenge().is_some()
    }

    pub(super) fn forget_challenge(&self) {
        *self.challenge.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub async fn is_signed_in(&self) -> Result<bool, Error> {
        Ok(self.held().await?.is_some())
    }

    /// What is kept of a sign-in to this address, in the way and by the client that the settings name.
    pub(super) async fn held(&self) -> Result<Option<Held>, Error> {
        let is_ours = |held: &Held| self.settings.client_id.as_ref().is_none_or(|id| *id == held.kept.client.id);
        Ok(self.all_held().await?.into_iter().find(|held| held.kept.tokens().is_some() && is_ours(held)))
    }

    pub(super) async fn all_held(&self) -> Result<Vec<Held>, Error> {
        let logins = self.book.of(&self.server).await?;
        Ok(logins
            .into_iter()
            .filter_map(|login| Some(Held { issuer: login.issuer, kept: serde_json::from_str(&login.text).ok()? }))
            .filter(|held| held.kept.resource == self.url.as_str() && held.kept.grant == self.grant())
            .collect())
    }

    /// The client as the SDK wants it; a secret of the settings is as they have it now.
    pub(super) fn config(&self, client: &Client) -> OAuthClientConfig {
        let config = OAuthClientConfig::new(&client.id, &client.redirect);
        let of_settings = self.settings.client_secret.as_ref().filter(|_| self.settings.client_id.as_ref() == Some(&client.id));
        match of_settings.map(|secret| secret.expose()).or(client.secret.as_deref()) {
            Some(secret) => config.with_client_secret(secret),
            None => config,
        }
    }

    /// A text from outside without our secrets, should somebody have echoed them.
    pub(super) fn redact(&self, kept: &Kept, text: String) -> String {
        let text = kept.redact(text);
        match &self.settings.client_secret {
            Some(secret) => secret.redact(text),
            None => text,
        }
    }

    /// What others gave is of no use any more.
    pub(super) async fn keep(&self, issuer: &str, kept: &Kept) -> Result<(), Error> {
        let text = serde_json::to_string(kept).expect("tokens are plain data and always serialise");
        self.book.put(&self.server, issuer, &text).await?;
        self.book.forget(&self.server, Some(issuer)).await?;
        Ok(())
    }

    pub(super) async fn discover(&self, challenge: Option<&str>) -> Result<Discovered, Error> {
        let late = |_| Error::Away(format!("who gives tokens for it was not found out within {} s", DISCOVERY.as_secs()));
        let discovering = tokio::time::timeout(DISCOVERY, discover(&self.url, &self.settings, challenge));
        let discovered = discovering.await.map_err(late)??;
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

    /// To be called by who holds `changing`.
    async fn renew(&self, held: &Held, challenge: Option<&str>) -> Result<Option<String>, Error> {
        if self.grant() == Grant::ClientCredentials {
            return self.obtain(challenge).await;
        }
        let Some(tokens) = held.kept.tokens().filter(|tokens| tokens.refresh.is_some()) else { return Ok(None) };
        let Some(stored) = held.kept.tokens.clone() else { return Ok(None) };
        let Discovered { mut manager, issuer, .. } = self.discover(challenge).await?;
        if issuer != held.issuer {
            tracing::warn!(server = %self.server, "a remote server has another issuer now; somebody has to sign in there");
            return Ok(None);
        }
        let refused = |error| Error::of(&error, |text| self.redact(&held.kept, text));
        manager.configure_client(self.config(&held.kept.client)).map_err(refused)?;
        let memory = InMemoryCredentialStore::new();
        memory.save(stored).await.map_err(refused)?;
        manager.set_credential_store(memory.clone());
        match manager.refresh_token().await {
            Ok(_) => {
                let kept = Kept { tokens: memory.load().await.map_err(refused)?, ..held.kept.clone() };
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
            Err(error) => Err(refused(error)),
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
        let client = Client { id: id.clone(), secret: None, redirect: String::new(), is_registered: false };
        let resource = self.url.to_string();
        let (grant, asked, wanted) = (self.grant(), scopes.clone(), Vec::new());
        let mut kept = Kept { resource: resource.clone(), grant, client, asked, wanted, tokens: None };
        let response = match (&self.settings.private_key, secret) {
            (Some(pem), _) => {
                let key = SigningKey::parse(pem.expose()).map_err(|why| Error::Refused(why.to_owned()))?;
                let asking = Asking { client_id: &id, scopes: &scopes, resource: &resource, now_s: now_s() };
                assertion::exchange(&Outgoing::new(&self.url, &self.settings)?, &key, &metadata, &asking).await?
            }
            (None, secret) => {
                let client_secret = secret.unwrap_or_default();
                let resource = Some(resource);
                let config =
                    ClientCredentialsConfig::ClientSecret { client_id: id.clone(), client_secret, scopes: scopes.clone(), resource };
                let refused = |error| Error::of(&error, |text| self.redact(&kept, text));
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

/// Goes on though whoever waits for it goes away, and not for ever.
async fn apart<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    match tokio::spawn(tokio::time::timeout(LONGEST, work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::Away(format!("the authorization server has not given a token within {} s", LONGEST.as_secs()))),
        Err(_) => Err(Error::Away("the process is stopping".to_owned())),
    }
}

fn is_fresh(kept: &Kept) -> bool {
    kept.tokens().is_some_and(|tokens| tokens.is_fresh(now_s()))
}

fn now_s() -> u64 {
    u64::try_from(clock::now() / 1_000).unwrap_or_default()
}
