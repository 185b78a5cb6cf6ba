//! Remote servers: real ones, which others have written, and small ones that misbehave on purpose.

mod asking;
mod bounds;
mod calls;
mod cli;
mod discovery;
mod fake;
mod held;
mod issuer;
mod kit;
mod oauth;
mod oauth_cli;
mod pins;
mod proxysql;
mod real;
mod suite;
mod tools;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fathom::mcp::client::{RemoteServer, RemoteServers, ServerSettings, Settings};
use fathom::model::ApiKey;
use fathom::source::remote::Form;
use fathom::store::{Keyring, LoginBook, SourceBook, SqliteStore, Store};
use serde_json::{Map, Value};
use tempfile::TempDir;

/// Servers of a store of their own.
struct Scene {
    servers: RemoteServers,
    store: Arc<dyn Store>,
    folder: TempDir,
}

impl Scene {
    async fn new(settings: Settings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().expect("a folder");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).await.expect("a store"));
        let servers = RemoteServers::new(&settings, store.clone(), &logins(folder.path(), &store)).expect("sound settings");
        Self { servers, store, folder }
    }

    async fn of(server: ServerSettings) -> Self {
        Self::new(Settings { servers: BTreeMap::from([("hub".to_owned(), server)]), ..quick() }).await
    }

    fn hub(&self) -> Arc<RemoteServer> {
        self.servers.find("hub").expect("it is configured")
    }
}

fn logins(folder: &Path, store: &Arc<dyn Store>) -> LoginBook {
    SourceBook::new(store.clone(), Keyring::open(folder, None).expect("a key")).logins()
}

/// Failures cost little time.
fn quick() -> Settings {
    Settings { retry_base_ms: 5, connect_s: 10, call_s: 20, breaker_failures: 50, ..Settings::default() }
}

fn at(url: &str, form: Form) -> ServerSettings {
    ServerSettings {
        url: Some(url.to_owned()),
        form,
        token: Some(ApiKey::new("sekrit-token-1")),
        trusted: true,
        ..ServerSettings::default()
    }
}

fn args(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("arguments are an object")
}
