//! A key that is never shown: neither `Debug` nor `Serialize` gives it away, and its memory is wiped.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in place of a key wherever settings are shown.
pub const MASK: &str = "***";

#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    pub fn new(key: impl Into<String>) -> Self {
        Self(SecretString::from(key.into()))
    }

    /// For the header of a request, and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A text from outside with the key taken out, should the server have echoed it.
    pub fn redact(&self, text: String) -> String {
        // A very short key would turn up in innocent words.
        if self.expose().len() >= 6 && text.contains(self.expose()) { text.replace(self.expose(), MASK) } else { text }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

impl PartialEq for ApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Serialize for ApiKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for ApiKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
