//! Access tokens: made here, shown once, stored as a hash, compared in constant time.

use std::sync::Arc;
use std::time::Duration;

use rand::TryRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::body::hex;
use crate::domain::{Grant, Identity};
use crate::store::{Error, Remembered, Store, TokenRow};

const PREFIX: &str = "fathom_";
/// What 256 bits take.
const LETTERS: usize = 43;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token as a person gets it; only its hash is kept.
pub struct Token(String);

/// The tokens that are valid, read from the store at most every few seconds.
pub struct TokenBook {
    store: Arc<dyn Store>,
    known: Remembered<Vec<TokenRow>>,
}

impl Token {
    /// 256 random bits from the operating system.
    pub fn fresh() -> Self {
        let mut bytes = [0_u8; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).expect("the operating system has a source of randomness");
        Self(format!("{PREFIX}{}", base64_url(&bytes)))
    }

    /// The only way to see it; for showing it once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn row(&self, name: &str, grant: Grant, created_at: i64, expires_at: Option<i64>) -> TokenRow {
        TokenRow { name: name.to_owned(), hash: hash(&self.0), created_at, grant, expires_at, revoked_at: None }
    }
}

/// Whether the text has the form of a token, valid or not.
pub fn looks_like_one(text: &str) -> bool {
    let rest = text.strip_prefix(PREFIX).unwrap_or_default();
    rest.len() == LETTERS && rest.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// SHA-256, hexadecimal. Tokens have 256 bits of their own, so that nothing slower is needed.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// The row of the token. Looks at every row whatever matches, so that time tells nothing.
pub fn row_among<'a>(presented: &str, rows: &'a [TokenRow]) -> Option<&'a TokenRow> {
    let presented = hash(presented);
    rows.iter().fold(None, |found, row| if presented.as_bytes().ct_eq(row.hash.as_bytes()).into() { Some(row) } else { found })
}

impl TokenBook {
    pub fn new(store: Arc<dyn Store>, keep: Duration) -> Self {
        Self { store, known: Remembered::for_a(keep) }
    }

    /// Who shows this token; nobody where it is unknown, revoked or has expired.
    pub async fn identity(&self, presented: &str, now: i64) -> Result<Option<Identity>, Error> {
        let rows = self.known.or_read(self.store.tokens()).await?;
        let shown = row_among(presented, &rows).filter(|row| row.is_valid(now));
        Ok(shown.map(|row| Identity::of_token(&row.name, row.grant)))
    }

    /// Tokens were added or revoked.
    pub fn forget(&self) {
        self.known.forget();
    }
}

/// Without padding.
fn base64_url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(number >> (18 - 6 * position)) as usize & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_others_call_base64() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (&[0xfb, 0xff], "-_8")] {
            assert_eq!(base64_url(bytes), text);
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash_only() {
        let token = Token::fresh();
        let row = token.row("laptop", Grant::EVERYTHING, 5, None);
        assert!(token.reveal().starts_with(PREFIX));
        assert_eq!(token.reveal().len(), PREFIX.len() + LETTERS);
        assert!(looks_like_one(token.reveal()) && !looks_like_one(&row.hash));
        assert_eq!(row.hash.len(), 64);
        assert!(!format!("{row:?}").contains(token.reveal()));
        assert_ne!(token.reveal(), Token::fresh().reveal());
    }

    #[test]
    fn only_the_whole_token_is_accepted() {
        let (one, two) = (Token::fresh(), Token::fresh());
        let rows = [one.row("one", Grant::EVERYTHING, 0, None), two.row("two", Grant::EVERYTHING, 0, None)];
        let name = |presented: &str, rows: &[TokenRow]| row_among(presented, rows).map(|row| row.name.clone());
        assert_eq!((name(one.reveal(), &rows).as_deref(), name(two.reveal(), &rows).as_deref()), (Some("one"), Some("two")));
        assert_eq!(name(&one.reveal()[..40], &rows), None);
        assert_eq!(name(&rows[0].hash, &rows), None);
        assert_eq!(name("", &rows), None);
        assert_eq!(name(one.reveal(), &[]), None);
        let revoked = TokenRow { hash: String::new(), ..rows[0].clone() };
        assert_eq!(name(one.reveal(), std::slice::from_ref(&revoked)).or(name("", &[revoked])), None);
    }

    #[test]
    fn a_token_ends_when_it_was_to_end_or_is_revoked() {
        let row = Token::fresh().row("lab", Grant::EVERYTHING, 0, Some(10));
        assert_eq!([9, 10, 11].map(|now| row.is_valid(now)), [true, false, false]);
        assert!(!TokenRow { revoked_at: Some(3), ..row }.is_valid(1));
    }
}
