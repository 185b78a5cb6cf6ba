//! What signing in to remote servers gave, sealed at rest: by server, and by who issued it, so that nothing of one issuer is taken for
//! another's. What the text is, whoever signs in knows.

use std::sync::{Arc, RwLock, RwLockReadGuard};

use tokio::sync::{Mutex, MutexGuard};

use super::secrets::Keyring;
use super::{Error, RemoteLoginRow, Store, clock};

#[derive(Clone)]
pub struct LoginBook {
    store: Arc<dyn Store>,
    keyring: Arc<RwLock<Keyring>>,
    /// Whoever holds it writes; a change of keys lasts for several reads and writes.
    writing: Arc<Mutex<()>>,
}

/// A login that was opened.
pub struct Login {
    pub issuer: String,
    pub text: String,
    pub at: i64,
}

impl LoginBook {
    pub fn new(store: Arc<dyn Store>, keyring: Arc<RwLock<Keyring>>) -> Self {
        Self { store, keyring, writing: Arc::default() }
    }

    /// Those of one server, the newest first.
    pub async fn of(&self, server: &str) -> Result<Vec<Login>, Error> {
        let rows = self.store.remote_logins().await?.into_iter().filter(|row| row.server == server);
        let mut logins: Vec<Login> = rows.filter_map(|row| self.open(&row)).collect();
        logins.sort_by_key(|login| std::cmp::Reverse(login.at));
        Ok(logins)
    }

    pub async fn put(&self, server: &str, issuer: &str, text: &str) -> Result<(), Error> {
        let _writing = self.writing.lock().await;
        let sealed = self.keys().seal(&purpose(server, issuer), text);
        let row = RemoteLoginRow { server: server.to_owned(), issuer: issuer.to_owned(), sealed, at: clock::now() };
        self.store.put_remote_logins(vec![row]).await
    }

    /// Forgets what others than this issuer gave; without one, everything. Whether there was anything.
    pub async fn forget(&self, server: &str, but_of: Option<&str>) -> Result<bool, Error> {
        let _writing = self.writing.lock().await;
        let mut was = false;
        for row in self.store.remote_logins().await?.iter().filter(|row| row.server == server && but_of != Some(&row.issuer)) {
            was |= self.store.remove_remote_login(server, &row.issuer).await?;
        }
        Ok(was)
    }

    /// Nobody writes while this is held.
    pub(super) async fn hold(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    /// Under the key that seals now; to be called while they are held.
    pub(super) async fn seal_anew(&self) -> Result<(), Error> {
        let rows = self.store.remote_logins().await?.into_iter();
        let sealed_anew = rows.filter_map(|row| {
            let login = self.open(&row)?;
            Some(RemoteLoginRow { sealed: self.keys().seal(&purpose(&row.server, &row.issuer), &login.text), ..row })
        });
        self.store.put_remote_logins(sealed_anew.collect()).await
    }

    /// What no key opens any more is as good as lost, and signing in again replaces it.
    fn open(&self, row: &RemoteLoginRow) -> Option<Login> {
        match self.keys().unseal(&purpose(&row.server, &row.issuer), &row.sealed) {
            Ok(text) => Some(Login { issuer: row.issuer.clone(), text, at: row.at }),
            Err(error) => {
                tracing::warn!(server = %row.server, %error, "what signing in gave cannot be read");
                None
            }
        }
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keyring> {
        self.keyring.read().expect("nothing panics while it holds the keys")
    }
}

/// A sealed text of one issuer does not open as another's.
fn purpose(server: &str, issuer: &str) -> String {
    format!("login {server} {issuer}")
}
