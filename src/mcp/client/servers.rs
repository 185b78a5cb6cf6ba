//! All remote servers of this process: those of the configuration, and those that were named by their address.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;

use super::definition::RemoteTool;
use super::error::Error;
use super::oauth::{self, Callback, Keeper, Progress};
use super::peer::RemotePeer;
use super::server::RemoteServer;
use super::settings::Settings;
use super::setup::Setup;
use crate::source::remote::{Address, Peer, Peers, Place};
use crate::store::{LoginBook, RemoteCallRow, Store};

/// Servers named by address that are kept open; who uses one longer holds it.
const MOST_ADDRESSED: usize = 64;

/// Who lists all tools does not wait longer for a server.
const AT_ONCE: Duration = Duration::from_secs(2);

pub struct RemoteServers {
    settings: Settings,
    store: Arc<dyn Store>,
    configured: BTreeMap<String, Arc<RemoteServer>>,
    /// By their words, which may hold a token.
    addressed: Mutex<HashMap<String, Arc<RemoteServer>>>,
}

impl RemoteServers {
    /// Nothing is connected yet.
    pub fn new(settings: &Settings, store: Arc<dyn Store>, logins: &LoginBook) -> Result<Self, String> {
        let configured = settings.servers.iter().map(|(name, server)| {
            let setup = Setup::of(name, server, settings).map_err(|why| format!("mcp.servers.{name}: {why}"))?;
            let oauth = server.oauth.clone().unwrap_or_default();
            let keeper = setup.login_url().map(|url| Keeper::new(name, url.clone(), oauth, logins.clone()));
            Ok((name.clone(), Arc::new(RemoteServer::new(setup, store.clone(), keeper))))
        });
        let configured = configured.collect::<Result<_, String>>()?;
        Ok(Self { settings: settings.clone(), store, configured, addressed: Mutex::default() })
    }

    /// Those of the configuration, in order of name.
    pub fn configured(&self) -> impl Iterator<Item = &Arc<RemoteServer>> {
        self.configured.values()
    }

    /// By its name in the configuration, or by its address as a source names it.
    pub fn find(&self, name: &str) -> Result<Arc<RemoteServer>, Error> {
        let place = Place::parse(name).ok().filter(|_| Place::is_meant(name));
        match (self.configured.get(name), place) {
            (Some(server), _) => Ok(server.clone()),
            (None, Some(place)) => self.at(&place).map_err(|reason| Error::Unavailable { server: place.shown(), reason }),
            (None, None) => Err(self.no_such_server(name)),
        }
    }

    /// Tools of the configured servers that answer at once, in order of the servers' names. Others go on connecting meanwhile, and are
    /// there the next time.
    pub async fn tools_at_hand(&self) -> Vec<RemoteTool> {
        let asking = self.configured().cloned().map(|server| {
            let name = server.setup().name.clone();
            let told = tokio::spawn(async move { server.tools().await });
            async move {
                match tokio::time::timeout(AT_ONCE, told).await {
                    Ok(Ok(Ok(tools))) => tools.unwrap_or_default(),
                    Ok(Ok(Err(error))) => {
                        tracing::debug!(server = name, %error, "a remote server's tools are not listed");
                        Vec::new()
                    }
                    Ok(Err(_)) | Err(_) => Vec::new(),
                }
            }
        });
        join_all(asking).await.into_iter().flatten().collect()
    }

    /// The server whose tool has this public name, and the tool's own name.
    pub fn owner_of<'a>(&self, public_name: &'a str) -> Option<(Arc<RemoteServer>, &'a str)> {
        let (server, tool) = public_name.split_once(':')?;
        self.configured.get(server).map(|server| (server.clone(), tool))
    }

    /// Calls that change something and have no answer, in order of time; those under way are among them.
    pub async fn unanswered(&self) -> Result<Vec<RemoteCallRow>, Error> {
        Ok(self.store.remote_calls().await?)
    }

    /// A person knows what became of it; false where there is no such call.
    pub async fn settle(&self, id: &str) -> Result<bool, Error> {
        Ok(self.store.remove_remote_call(id).await?)
    }

    /// The address at which a person signs in to a server of the configuration, after which the browser comes back to `redirect`.
    pub async fn begin_login(&self, name: &str, redirect: &str) -> Result<String, Error> {
        let server = self.with_login(name)?;
        let keeper = server.login()?;
        if !keeper.was_refused() {
            // The refusal says where to sign in.
            server.state().await;
        }
        keeper.begin(redirect).await.map_err(|error| login_failed(name, error))
    }

    /// The browser has come back; to which server's sign-in, the state says.
    pub async fn finish_login(&self, callback: Callback) -> Result<String, Error> {
        let waiting = self
            .configured
            .iter()
            .find_map(|(name, server)| Some((name, server.keeper().filter(|keeper| keeper.awaits(&callback.state))?)));
        let (name, keeper) = waiting.ok_or_else(|| Error::NoSuchLogin(oauth::Error::UnknownState.to_string()))?;
        keeper.finish(callback).await.map_err(|error| login_failed(name, error))?;
        Ok(name.clone())
    }

    pub async fn login_progress(&self, name: &str) -> Result<Progress, Error> {
        self.with_login(name)?.login()?.progress().await.map_err(|error| login_failed(name, error))
    }

    /// Forgets the tokens, and who we are to who gave them; false where there was nothing.
    pub async fn forget_login(&self, name: &str) -> Result<bool, Error> {
        self.with_login(name)?.login()?.forget().await.map_err(|error| login_failed(name, error))
    }

    fn with_login(&self, name: &str) -> Result<&Arc<RemoteServer>, Error> {
        self.configured.get(name).ok_or_else(|| self.no_such_server(name))
    }

    fn at(&self, place: &Place) -> Result<Arc<RemoteServer>, String> {
        let url = match &place.address {
            Address::Named(name) => {
                let found = self.configured.get(name).cloned();
                return found.ok_or_else(|| format!("there is no server `{name}` in the configuration; there are: {}", self.known()));
            }
            Address::Url(url) => url,
        };
        let words = format!("{url} {:?} {}", place.form, place.token().unwrap_or_default());
        let mut addressed = self.addressed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = addressed.get(&words) {
            return Ok(server.clone());
        }
        if addressed.len() >= MOST_ADDRESSED {
            addressed.retain(|_, server| Arc::strong_count(server) > 1);
        }
        let server = Arc::new(RemoteServer::new(Setup::of_address(url, place, &self.settings)?, self.store.clone(), None));
        addressed.insert(words, server.clone());
        Ok(server)
    }

    fn no_such_server(&self, name: &str) -> Error {
        Error::NoSuchServer { name: name.chars().take(100).collect(), known: self.known() }
    }

    fn known(&self) -> String {
        let names: Vec<String> = self.configured.keys().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "none; they stand in the configuration under `mcp.servers`".to_owned() } else { names.join(", ") }
    }
}

impl Peers for RemoteServers {
    fn find(&self, place: &Place) -> Result<Arc<dyn Peer>, String> {
        Ok(Arc::new(RemotePeer(self.at(place)?)))
    }
}

fn login_failed(server: &str, error: oauth::Error) -> Error {
    match error {
        oauth::Error::Store(error) => Error::Store(error),
        oauth::Error::UnknownState => Error::NoSuchLogin(error.to_string()),
        oauth::Error::Refused(reason) | oauth::Error::Away(reason) => Error::LoginFailed { server: server.to_owned(), reason },
    }
}
