//! A person signs in: begun here, done in a browser, finished when the browser comes back.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::transport::auth::{AuthorizationManager, CredentialStore, InMemoryCredentialStore, OAuthClientConfig};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use url::Url;

use super::discovery::Discovered;
use super::error::{Error, plain};
use super::keeper::{Keeper, MOST_WANTED};
use super::kept::{Client, Kept};
use super::settings::{Grant, is_safe_return, is_scope};
use crate::mcp::client::setup::is_loopback;

/// What authorization servers show as our name.
const OUR_NAME: &str = "Fathom";
const TIME: Duration = Duration::from_secs(600);

/// The last sign-in that was begun; one begun anew takes the place of the one before, and what becomes of that is nobody's business.
#[derive(Default)]
pub(super) struct Attempts {
    /// How many there were; one that is given up counts as one more.
    number: u64,
    last: Attempt,
}

#[derive(Default)]
enum Attempt {
    #[default]
    None,
    Waiting(Box<Pending>),
    /// The browser is back, and the authorization server is asked for tokens.
    Finishing,
    Failed(String),
}

pub(super) struct Pending {
    state: String,
    until: Instant,
    manager: AuthorizationManager,
    memory: InMemoryCredentialStore,
    issuer: String,
    kept: Kept,
}

/// What the browser brings back.
#[derive(Clone, PartialEq)]
pub struct Callback {
    pub state: String,
    /// Who says so (RFC 9207).
    pub issuer: Option<String>,
    pub returned: Returned,
}

#[derive(Clone, PartialEq)]
pub enum Returned {
    Code(String),
    /// Nobody let us in, in the words of the authorization server.
    Denied(String),
}

/// How far a sign-in is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub signed_in: bool,
    pub waiting: bool,
    /// Why the last one came to nothing.
    pub failed: Option<String>,
    /// Who gave the tokens.
    pub issuer: Option<String>,
    /// Scopes that were asked for.
    pub scopes: Vec<String>,
}

impl Keeper {
    /// Where a person signs in. The browser comes back to `redirect`, unless the settings say otherwise.
    pub async fn begin(&self, redirect: &str) -> Result<String, Error> {
        if self.grant() == Grant::ClientCredentials {
            return Err(Error::Refused("its client has credentials of its own, and nobody signs in".to_owned()));
        }
        let redirect = self.settings.redirect_url.as_deref().unwrap_or(redirect).to_owned();
        if !is_safe_return(&redirect) {
            let why = "which anybody on the way could read; ask on this machine itself, or set `oauth.redirect_url`";
            return Err(Error::Refused(format!("the browser would come back to `{}`, {why}", plain(&redirect))));
        }
        let Discovered { mut manager, metadata, issuer } = self.discover(self.challenge().as_deref()).await?;
        let before = self.all_held().await?.into_iter().find(|held| held.issuer == issuer).map(|held| held.kept);
        let asked = self.to_ask(&manager, before.as_ref()).await;
        let scopes: Vec<&str> = asked.iter().map(String::as_str).collect();
        let refused = |error| Error::of(&error, |text| text);
        let reads_documents = metadata.additional_fields.get("client_id_metadata_document_supported") == Some(&true.into());
        let document = self.settings.client_metadata_url.as_ref().filter(|_| reads_documents);
        let registered = before.map(|kept| kept.client).filter(|client| client.is_registered && client.redirect == redirect);
        let client = match (&self.settings.client_id, document, registered) {
            (Some(id), _, _) => Client { id: id.clone(), secret: None, redirect, is_registered: false },
            (None, Some(url), _) => Client { id: url.clone(), secret: None, redirect, is_registered: false },
            (None, None, Some(client)) => client,
            (None, None, None) => {
                // The SDK takes the kind of application from the client that is configured, and there is none yet.
                let nobody = OAuthClientConfig::new("", &redirect).with_application_type(application_type(&redirect));
                manager.configure_client(nobody).map_err(refused)?;
                let config = manager.register_client(OUR_NAME, &redirect, &scopes).await.map_err(refused)?;
                Client { id: config.client_id, secret: config.client_secret, redirect, is_registered: true }
            }
        };
        manager.configure_client(self.config(&client)).map_err(refused)?;
        let memory = InMemoryCredentialStore::new();
        manager.set_credential_store(memory.clone());
        let url = manager.get_authorization_url(&scopes).await.map_err(refused)?;
        let state = state_of(&url).ok_or_else(|| Error::Refused("the address of the sign-in has no state".to_owned()))?;
        let kept = Kept { resource: self.url.to_string(), grant: self.grant(), client, asked, wanted: Vec::new(), tokens: None };
        let pending = Pending { state, until: Instant::now() + TIME, manager, memory, issuer, kept };
        self.begin_anew(Attempt::Waiting(Box::new(pending)));
        Ok(url)
    }

    /// Whether the sign-in that waits has this state.
    pub fn awaits(&self, state: &str) -> bool {
        matches!(&self.attempts().last, Attempt::Waiting(pending) if pending.is(state))
    }

    /// The state is taken, whatever comes of it.
    pub async fn finish(&self, callback: Callback) -> Result<(), Error> {
        let (number, pending) = {
            let mut attempts = self.attempts();
            match std::mem::replace(&mut attempts.last, Attempt::Finishing) {
                Attempt::Waiting(pending) if pending.is(&callback.state) => (attempts.number, pending),
                other => {
                    attempts.last = other;
                    return Err(Error::UnknownState);
                }
            }
        };
        let done = self.exchange(number, *pending, callback).await;
        let mut attempts = self.attempts();
        if attempts.number == number {
            attempts.last = done.as_ref().err().map_or(Attempt::None, |error| Attempt::Failed(error.to_string()));
        }
        done
    }

    pub async fn progress(&self) -> Result<Progress, Error> {
        let held = self.held().await?;
        let progress = Progress {
            signed_in: held.is_some(),
            issuer: held.as_ref().map(|held| held.issuer.clone()),
            scopes: held.map(|held| held.kept.asked).unwrap_or_default(),
            ..Progress::default()
        };
        Ok(match &self.attempts().last {
            Attempt::None => progress,
            Attempt::Finishing => Progress { waiting: true, ..progress },
            Attempt::Failed(why) => Progress { failed: Some(why.clone()), ..progress },
            Attempt::Waiting(pending) if pending.until > Instant::now() => Progress { waiting: true, ..progress },
            Attempt::Waiting(_) => Progress { failed: Some("nobody signed in within 10 minutes".to_owned()), ..progress },
        })
    }

    /// Forgets tokens and clients, and a sign-in that waits; whether there was anything kept.
    pub async fn forget(&self) -> Result<bool, Error> {
        self.begin_anew(Attempt::None);
        let _changing = self.changing.lock().await;
        self.forget_challenge();
        Ok(self.book.forget(&self.server, None).await?)
    }

    async fn exchange(&self, number: u64, pending: Pending, callback: Callback) -> Result<(), Error> {
        let Pending { state, manager, memory, issuer, mut kept, .. } = pending;
        let code = match callback.returned {
            Returned::Code(code) => code,
            Returned::Denied(why) => return Err(Error::Refused(format!("the authorization server did not let us in: {}", plain(&why)))),
        };
        let refused = |error| Error::of(&error, |text| self.redact(&kept, text.replace(&code, "***")));
        manager.exchange_code_for_token_with_issuer(&code, &state, callback.issuer.as_deref()).await.map_err(refused)?;
        let tokens = memory.load().await.map_err(refused)?;
        kept.tokens = tokens;
        let _changing = self.changing.lock().await;
        if self.attempts().number != number {
            return Err(Error::Refused("the sign-in was given up, or begun anew, before it was finished".to_owned()));
        }
        self.keep(&issuer, &kept).await?;
        self.forget_challenge();
        tracing::info!(server = %self.server, "somebody has signed in to a remote server");
        Ok(())
    }

    /// The scopes of the settings, else those that the server names now with those of the time before; and what was missing since.
    async fn to_ask(&self, manager: &AuthorizationManager, before: Option<&Kept>) -> Vec<String> {
        if !self.settings.scopes.is_empty() {
            return self.settings.scopes.clone();
        }
        let before = before.map(|kept| [kept.asked.clone(), kept.wanted.clone()].concat()).unwrap_or_default();
        let mut asked = Vec::new();
        for scope in before.into_iter().chain(manager.select_initial_scopes(&[]).await).filter(|scope| is_scope(scope)) {
            if asked.len() < MOST_WANTED && !asked.contains(&scope) {
                asked.push(scope);
            }
        }
        asked
    }

    fn begin_anew(&self, attempt: Attempt) {
        let mut attempts = self.attempts();
        attempts.number += 1;
        attempts.last = attempt;
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn is(&self, state: &str) -> bool {
        self.until > Instant::now() && bool::from(self.state.as_bytes().ct_eq(state.as_bytes()))
    }
}

/// A program on somebody's machine, or a site (as OpenID Connect has it).
fn application_type(redirect: &str) -> &'static str {
    if Url::parse(redirect).is_ok_and(|url| is_loopback(&url)) { "native" } else { "web" }
}

fn state_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let state = url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned();
    (!state.is_empty()).then_some(state)
}
