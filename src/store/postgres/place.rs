//! The URL of a PostgreSQL database, checked, and printed without its password.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use url::Url;

const FORM: &str = "expected `postgres://user:password@host:port/database`, or no store at all for SQLite in the data folder";

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    options: PgConnectOptions,
    shown: String,
}

impl Place {
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

impl FromStr for Place {
    type Err = String;

    /// What is wrong never quotes the text, which may hold a password in an unexpected place.
    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("this is not a URL ({error}); {FORM}"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!("`{}` is not a kind of store; {FORM}", url.scheme()));
        }
        let options: PgConnectOptions = url.as_str().parse().map_err(|error: sqlx::Error| format!("{error}; {FORM}"))?;
        let options = options.application_name("fathom").disable_statement_logging();
        let mut shown = url;
        // Both only fail for URLs that cannot have a password.
        let _ = shown.set_password(None);
        shown.set_query(None);
        Ok(Self { options, shown: shown.into() })
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.shown
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_never_shows_its_password() {
        for (text, shown) in [
            ("postgres://ann:hush@db:5433/fathom", "postgres://ann@db:5433/fathom"),
            ("postgresql://db/fathom?user=ann&password=hush", "postgresql://db/fathom"),
            ("postgres://ann:hu%40sh@[::1]/fathom?sslmode=require", "postgres://ann@[::1]/fathom"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!((place.to_string().as_str(), format!("{place:?}").as_str()), (shown, shown));
            assert!(!serde_json::to_string(&place).unwrap().contains("hush"));
        }
    }

    #[test]
    fn a_wrong_url_is_told_with_what_is_valid() {
        for text in ["", "hush", "mysql://ann:hush@db/fathom", "postgres://ann:hush@db:port/x", "postgres://db/x?sslmode=hush"] {
            let why = text.parse::<Place>().unwrap_err();
            assert!(why.contains("postgres://user:password@host:port/database"), "{why}");
        }
        for text in ["hush", "mysql://ann:hush@db/fathom", "postgres://ann:hush@db:port/x"] {
            let why = text.parse::<Place>().unwrap_err();
            assert!(!why.contains("hush"), "{why}");
        }
    }
}
