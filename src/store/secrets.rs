//! Secrets at rest: XChaCha20-Poly1305 under a key that lives beside the database in a file of its own, or in the environment.
//!
//! Invariants: what is sealed for one purpose does not open for another; a sealed text names its key, so that texts of two keys
//! may stand side by side while a key is changed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::RngCore;
use sha2::{Digest, Sha256};

/// The key of a data folder, one hexadecimal line.
const KEY_FILE: &str = "secret.key";
/// The next key, while everything is being sealed anew.
const NEXT_KEY_FILE: &str = "secret.key.next";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const NAME_BYTES: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the key in {place} is not {KEY_BYTES} bytes in hexadecimal digits")]
    BadKey { place: String },
    #[error("the key file `{file}` cannot be used: {reason}")]
    KeyFile { file: String, reason: String },
    #[error("others may read the key file `{0}`; run: chmod 600 {0}")]
    OpenToOthers(String),
    #[error("it was sealed with another key than the one in use; bring that key back, or register the source again")]
    OtherKey,
    #[error("the key is in FATHOM_SECRET_KEY, where only you can change it")]
    KeyOfEnvironment,
}

struct Key {
    cipher: XChaCha20Poly1305,
    /// Tells keys apart and gives nothing of them away.
    name: [u8; NAME_BYTES],
}

/// The keys of a data folder; the first one seals, all of them open.
pub struct Keyring {
    folder: Option<PathBuf>,
    keys: Vec<Key>,
}

impl Keyring {
    /// The key that was given, or the one in the folder, which gets one when it has none.
    pub fn open(folder: &Path, given: Option<&str>) -> Result<Self, SecretError> {
        if let Some(text) = given {
            let key = Key::parse(text).ok_or(SecretError::BadKey { place: "FATHOM_SECRET_KEY".to_owned() })?;
            return Ok(Self { folder: None, keys: vec![key] });
        }
        let mut keys = Vec::new();
        // The next key first: after a change that was cut off, both are needed.
        for name in [NEXT_KEY_FILE, KEY_FILE] {
            keys.extend(read_key(&folder.join(name))?);
        }
        if keys.is_empty() {
            keys.push(make_key(&folder.join(KEY_FILE))?);
        }
        Ok(Self { folder: Some(folder.to_owned()), keys })
    }

    /// `purpose` is authenticated with the text and must be the same when it is opened.
    pub fn seal(&self, purpose: &str, text: &str) -> Vec<u8> {
        let key = &self.keys[0];
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: text.as_bytes(), aad: purpose.as_bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).expect("a text of this size can always be sealed");
        [&key.name[..], &nonce, &sealed].concat()
    }

    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Result<String, SecretError> {
        let (name, rest) = sealed.split_at_checked(NAME_BYTES).ok_or(SecretError::OtherKey)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SecretError::OtherKey)?;
        let payload = || Payload { msg: text, aad: purpose.as_bytes() };
        let opened =
            self.keys.iter().filter(|key| key.name == name).find_map(|key| key.cipher.decrypt(&XNonce::from(*nonce), payload()).ok());
        opened.and_then(|text| String::from_utf8(text).ok()).ok_or(SecretError::OtherKey)
    }

    /// Makes the next key and puts it first. Once everything is sealed with it, `finish_rotation` retires the others.
    pub fn begin_rotation(&mut self) -> Result<(), SecretError> {
        let folder = self.folder.as_ref().ok_or(SecretError::KeyOfEnvironment)?;
        if self.keys.len() == 1 {
            self.keys.insert(0, make_key(&folder.join(NEXT_KEY_FILE))?);
        }
        Ok(())
    }

    pub fn finish_rotation(&mut self) -> Result<(), SecretError> {
        let folder = self.folder.as_ref().ok_or(SecretError::KeyOfEnvironment)?;
        let file = folder.join(KEY_FILE);
        fs::rename(folder.join(NEXT_KEY_FILE), &file).map_err(|error| refused(&file, &error))?;
        self.keys.truncate(1);
        Ok(())
    }
}

impl Key {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
        let bytes = digits.collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() == KEY_BYTES)?;
        let digest = Sha256::digest([b"name of the key ", bytes.as_slice()].concat());
        let name = *digest.first_chunk().expect("a digest is longer than a name");
        Some(Self { cipher: XChaCha20Poly1305::new_from_slice(&bytes).ok()?, name })
    }
}

fn read_key(file: &Path) -> Result<Option<Key>, SecretError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(file, &error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(file).map_err(|error| refused(file, &error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SecretError::OpenToOthers(file.display().to_string()));
        }
    }
    Key::parse(&text).map(Some).ok_or_else(|| SecretError::BadKey { place: format!("`{}`", file.display()) })
}

/// On disk before it is used: a key that is lost takes everything with it.
fn make_key(file: &Path) -> Result<Key, SecretError> {
    let mut bytes = [0; KEY_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut open| {
        writeln!(open, "{text}")?;
        open.sync_all()
    });
    written.map_err(|error| refused(file, &error))?;
    Ok(Key::parse(&text).expect("a fresh key is well-formed"))
}

fn refused(file: &Path, error: &io::Error) -> SecretError {
    SecretError::KeyFile { file: file.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(folder.path(), None).unwrap();
        let sealed = keyring.seal("source shop", "postgres://u:hidden@h/db");
        assert!(!sealed.windows(6).any(|part| part == b"hidden"));
        assert_ne!(sealed, keyring.seal("source shop", "postgres://u:hidden@h/db"), "a nonce was used twice");
        let again = Keyring::open(folder.path(), None).unwrap();
        assert_eq!(again.unseal("source shop", &sealed).unwrap(), "postgres://u:hidden@h/db");
        assert!(again.unseal("source other", &sealed).is_err());
        for cut in [0, 3, 10, sealed.len() - 1] {
            assert!(again.unseal("source shop", &sealed[..cut]).is_err());
        }
        let elsewhere = Keyring::open(tempfile::tempdir().unwrap().path(), None).unwrap();
        assert!(matches!(elsewhere.unseal("source shop", &sealed), Err(SecretError::OtherKey)));
    }

    #[test]
    fn a_change_of_keys_may_be_cut_off_at_any_point() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Keyring::open(folder.path(), None).unwrap();
        let mut keyring = open();
        let old = keyring.seal("p", "text");
        keyring.begin_rotation().unwrap();
        let new = open().seal("p", "text");
        for sealed in [&old, &new] {
            assert_eq!(open().unseal("p", sealed).unwrap(), "text");
        }
        let mut keyring = open();
        keyring.begin_rotation().unwrap();
        keyring.finish_rotation().unwrap();
        assert_eq!(open().unseal("p", &new).unwrap(), "text");
        assert!(open().unseal("p", &old).is_err(), "the old key still opens");
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Keyring::open(folder.path(), None).unwrap();
        let file = folder.path().join(KEY_FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keyring::open(folder.path(), None), Err(SecretError::OpenToOthers(_))));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "short").unwrap();
        assert!(matches!(Keyring::open(folder.path(), None), Err(SecretError::BadKey { .. })));
    }

    #[test]
    fn a_key_of_the_environment_stands_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut keyring = Keyring::open(folder.path(), Some(&"0f".repeat(KEY_BYTES))).unwrap();
        assert_eq!(keyring.unseal("p", &keyring.seal("p", "text")).unwrap(), "text");
        assert!(!folder.path().join(KEY_FILE).exists());
        assert!(matches!(keyring.begin_rotation(), Err(SecretError::KeyOfEnvironment)));
        assert!(Keyring::open(folder.path(), Some("0g")).is_err());
    }
}
