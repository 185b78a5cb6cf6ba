//! Registered sources: a name for a DSN, with limits of its own. What opens a source is sealed at rest and leaves only to open it.

use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

use super::logins::LoginBook;
use super::secrets::{Keyring, SecretError};
use super::{Error, Store};
use crate::source::{self, Dsn, Limits};

const NAME_CHARS: usize = 60;
const NAME_FORM: &str = "1 to 60 small letters, digits, `-` and `_`, a letter or digit first";

/// A source as it may be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    pub name: String,
    /// Where it is, without secrets.
    pub shown: String,
    pub limits: Limits,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("`{name}` is not a name for a source; valid is: {NAME_FORM}")]
    BadName { name: String },
    #[error("there is a source `{0}` already; remove it first, or choose another name")]
    Taken(String),
    #[error("{0}")]
    BadSource(#[from] source::Error),
    #[error("the secrets of `{name}` cannot be read: {error}")]
    Sealed { name: String, error: SecretError },
    #[error("{0}")]
    Secrets(#[from] SecretError),
    #[error("{0}")]
    Store(#[from] Error),
}

#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow {
    pub name: String,
    /// Where it is, without secrets.
    pub shown: String,
    /// The words that open it, as the keyring sealed them.
    pub sealed: Vec<u8>,
    /// JSON text of its own limits.
    pub limits: String,
    pub created_at: i64,
}

/// The registered sources of a store.
pub struct SourceBook {
    store: Arc<dyn Store>,
    keyring: Arc<RwLock<Keyring>>,
    logins: LoginBook,
}

impl SourceBook {
    pub fn new(store: Arc<dyn Store>, keyring: Keyring) -> Self {
        let keyring = Arc::new(RwLock::new(keyring));
        Self { logins: LoginBook::new(store.clone(), keyring.clone()), store, keyring }
    }

    /// What signing in to remote servers gave, which is sealed under the same keys.
    pub fn logins(&self) -> LoginBook {
        self.logins.clone()
    }

    /// Whether the words can only be a registered name: no DSN and no path of a database looks like one.
    pub fn is_name(words: &str) -> bool {
        let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
        words.len() <= NAME_CHARS && words.starts_with(plain) && words.chars().all(|sign| plain(sign) || sign == '-' || sign == '_')
    }

    /// The words are understood first; nothing is asked of the database itself.
    pub async fn add(&self, name: &str, words: &str, limits: Limits, at: i64) -> Result<Registered, BookError> {
        if !Self::is_name(name) {
            return Err(BookError::BadName { name: name.chars().take(NAME_CHARS).collect() });
        }
        let shown = Dsn::parse(words)?.place();
        if self.store.sources_now().await?.iter().any(|row| row.name == name) {
            return Err(BookError::Taken(name.to_owned()));
        }
        let registered = Registered { name: name.to_owned(), shown, limits, created_at: at };
        let sealed = self.keys().seal(&purpose(name), words.trim());
        self.store.put_sources(vec![registered.row(sealed)]).await?;
        Ok(registered)
    }

    pub async fn list(&self) -> Result<Vec<Registered>, BookError> {
        self.store.sources().await?.iter().map(|row| Ok(Registered::of(row)?)).collect()
    }

    /// The words that open a source, and its limits.
    pub async fn find(&self, name: &str) -> Result<Option<(String, Limits)>, BookError> {
        let Some(row) = self.row(name).await? else { return Ok(None) };
        let words = self.keys().unseal(&purpose(name), &row.sealed);
        let words = words.map_err(|error| BookError::Sealed { name: name.to_owned(), error })?;
        Ok(Some((words, Registered::of(&row)?.limits)))
    }

    /// False where no such source was.
    pub async fn remove(&self, name: &str) -> Result<bool, BookError> {
        Ok(self.store.remove_source(name).await?)
    }

    /// Seals everything anew under a fresh key; the number of sources. May be cut off at any point and repeated.
    pub async fn rotate(&self) -> Result<usize, BookError> {
        let _kept_as_they_are = self.logins.hold().await;
        let rows = self.store.sources_now().await?;
        let sealed_anew = {
            let mut keyring = self.keyring.write().expect("nothing panics while it holds the keys");
            keyring.begin_rotation()?;
            let anew = rows.into_iter().map(|row| {
                let purpose = purpose(&row.name);
                let words = keyring.unseal(&purpose, &row.sealed);
                let words = words.map_err(|error| BookError::Sealed { name: row.name.clone(), error })?;
                Ok(SourceRow { sealed: keyring.seal(&purpose, &words), ..row })
            });
            anew.collect::<Result<Vec<_>, BookError>>()?
        };
        let count = sealed_anew.len();
        self.store.put_sources(sealed_anew).await?;
        self.logins.seal_anew().await?;
        self.keyring.write().expect("nothing panics while it holds the keys").finish_rotation()?;
        Ok(count)
    }

    async fn row(&self, name: &str) -> Result<Option<SourceRow>, Error> {
        Ok(self.store.sources().await?.into_iter().find(|row| row.name == name))
    }

    fn keys(&self) -> std::sync::RwLockReadGuard<'_, Keyring> {
        self.keyring.read().expect("nothing panics while it holds the keys")
    }
}

impl Registered {
    fn of(row: &SourceRow) -> Result<Self, Error> {
        let limits = serde_json::from_str(&row.limits).map_err(|error| Error::Corrupt(format!("the source `{}`: {error}", row.name)))?;
        Ok(Self { name: row.name.clone(), shown: row.shown.clone(), limits, created_at: row.created_at })
    }

    fn row(&self, sealed: Vec<u8>) -> SourceRow {
        let limits = serde_json::to_string(&self.limits).expect("limits are plain data and always serialise");
        SourceRow { name: self.name.clone(), shown: self.shown.clone(), sealed, limits, created_at: self.created_at }
    }
}

/// A sealed text of one source does not open as another's.
fn purpose(name: &str) -> String {
    format!("source {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqliteStore;

    async fn book(folder: &std::path::Path) -> (SourceBook, Arc<dyn Store>) {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder).await.unwrap());
        (SourceBook::new(store.clone(), Keyring::open(folder, None).unwrap()), store)
    }

    const WORDS: &str = "postgres://ada:hidden@db.example/shop";

    #[tokio::test]
    async fn a_source_is_found_by_its_name_and_shown_without_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let (book, store) = book(folder.path()).await;
        let limits = Limits { max_rows: Some(7), ..Limits::default() };
        let added = book.add("shop", WORDS, limits.clone(), 5).await.unwrap();
        assert_eq!((added.shown.as_str(), &added.limits), ("postgresql://db.example:5432/shop", &limits));
        assert_eq!(book.list().await.unwrap(), [added]);
        assert_eq!(book.find("shop").await.unwrap(), Some((WORDS.to_owned(), limits)));
        assert_eq!(book.find("other").await.unwrap(), None);
        assert!(!format!("{:?}", store.sources().await.unwrap()).contains("hidden"));
        assert!(matches!(book.add("shop", WORDS, Limits::default(), 6).await, Err(BookError::Taken(_))));
        assert!(book.remove("shop").await.unwrap() && !book.remove("shop").await.unwrap());
    }

    #[tokio::test]
    async fn names_are_plain_and_words_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = book(folder.path()).await;
        for name in ["", "Shop", "a b", "-a", "a.db", "a/b", "sqlite:x", &"x".repeat(NAME_CHARS + 1)] {
            assert!(matches!(book.add(name, WORDS, Limits::default(), 1).await, Err(BookError::BadName { .. })), "{name}");
        }
        let refused = book.add("shop", "postgres://ada:hidden@", Limits::default(), 1).await.unwrap_err();
        assert!(matches!(refused, BookError::BadSource(_)) && !refused.to_string().contains("hidden"), "{refused}");
    }

    #[tokio::test]
    async fn everything_opens_after_a_change_of_keys() {
        let folder = tempfile::tempdir().unwrap();
        let (book, store) = book(folder.path()).await;
        book.add("shop", WORDS, Limits::default(), 1).await.unwrap();
        let before = store.sources().await.unwrap();
        assert_eq!(book.rotate().await.unwrap(), 1);
        assert_ne!(store.sources().await.unwrap()[0].sealed, before[0].sealed);
        assert_eq!(book.find("shop").await.unwrap().unwrap().0, WORDS);
        let fresh = SourceBook::new(store, Keyring::open(folder.path(), None).unwrap());
        assert_eq!(fresh.find("shop").await.unwrap().unwrap().0, WORDS);
    }
}
