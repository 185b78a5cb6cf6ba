//! Taking secrets out of what is kept of a call: members that are called like one, passwords in words that open a source, and texts that have the
//! form of a key. Rather too much than too little: it is for reading who did what.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

const GONE: &str = "[redacted]";

/// What members are called that hold a secret, whole or in part.
const SECRET: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "credential",
    "authorization",
    "cookie",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "token",
];
/// Members that name a source: whatever stands there before an `@` is about who opens it.
const SOURCES: [&str; 4] = ["dsn", "source", "target_id", "url"];

/// `password=…`, `"token": "…"`, `identified by '…'`, wherever they stand.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)((?:password|passwd|passphrase|pwd|secret|credentials?|token|api[_-]?key|private[_-]?key|access[_-]?key)\\?["']?\s*(?:=>?|:)\s*|(?:password|identified\s+by)\s+(?:['"]))(\\?'(?:[^'\\]|''|\\.)*'|\\?"(?:[^"\\]|\\.)*"|[^\s&:][^\s&]*)"#,
    )
});
/// A URL with a password, within other text.
static USER: LazyLock<Regex> = LazyLock::new(|| regex(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:@/]*):\S*@"));
/// Keys by their form: ours, those of model vendors and of well-known services, and signed tokens.
static KEYS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"fathom_[A-Za-z0-9_-]{43}|\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bAKIA[0-9A-Z]{16}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}",
    )
});

/// The value without secrets.
pub fn value(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (text(name).into_owned(), member(name, value))).collect(),
        Value::Array(items) => items.iter().map(self::value).collect(),
        Value::String(words) => Value::String(text(words).into_owned()),
        other => other.clone(),
    }
}

/// The words of a source without what opens it.
pub fn source(words: &str) -> String {
    let cleared = text(words);
    let Some((before, place)) = cleared.rsplit_once('@') else { return cleared.into_owned() };
    let (scheme, who) = before.split_once("://").map_or(("", before), |(scheme, who)| (scheme, who));
    let slashes = if scheme.is_empty() { "" } else { "://" };
    match who.split_once(':') {
        Some((user, _)) => format!("{scheme}{slashes}{user}:{GONE}@{place}"),
        None => cleared.into_owned(),
    }
}

/// The text without secrets.
pub fn text(words: &str) -> Cow<'_, str> {
    let words = replaced(&NAMED, Cow::Borrowed(words), |found| format!("{}{GONE}", &found[1]));
    let words = replaced(&USER, words, |found| format!("{}:{GONE}@", &found[1]));
    replaced(&KEYS, words, |_| GONE.to_owned())
}

fn member(name: &str, of_name: &Value) -> Value {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let is_count = name.ends_with("tokens") && of_name.is_number();
    if SECRET.iter().any(|secret| name.contains(secret)) && !is_count && !of_name.is_null() {
        return Value::from(GONE);
    }
    match of_name {
        Value::String(words) if SOURCES.contains(&name.as_str()) => Value::from(source(words)),
        other => value(other),
    }
}

fn replaced<'a>(what: &Regex, words: Cow<'a, str>, by: impl Fn(&Captures<'_>) -> String) -> Cow<'a, str> {
    match what.replace_all(&words, by) {
        Cow::Borrowed(_) => words,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a valid one, which a test shows")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_password_of_a_source_is_left() {
        for words in [
            "postgres://ann:hunter2@db:5432/shop",
            "postgres://ann:hunter2/x@y:z@db/shop",
            "postgres://ann:a hunter2 b@db/shop",
            "postgres://db/shop?user=ann&password=hunter2",
            "postgres://db/shop?password=p@hunter2;,)&user=ann",
            "mysql://ann:x@hunter2@db/shop",
            "host=db user=ann password=hunter2",
            "host=db password='a \\'hunter2' user=ann",
            "ann:hunter2@db/shop",
        ] {
            for args in [json!({"dsn": words}), json!({"args": {"target_id": words}}), json!({"source": words})] {
                let kept = value(&args).to_string();
                assert!(!kept.contains("hunter2") && kept.contains(GONE), "{words}: {kept}");
            }
        }
        assert_eq!(source("postgres://ann:hunter2@db:5432/shop"), "postgres://ann:[redacted]@db:5432/shop");
        for plain in ["shop", "sqlite:/data/shop.db", "postgres://ann@db:5432/shop", "postgres://db:5432/shop"] {
            assert_eq!(source(plain), plain);
        }
    }

    #[test]
    fn secrets_in_the_middle_of_a_text_are_found() {
        for words in [
            "look into mysql://ann:hunter2@db/shop, please",
            "select dblink('host=db password=hunter2', 'select 1')",
            "create role ann password 'hunter2'",
            "create user ann identified by 'hunter2'",
            "select * from users where password = 'hunter2'",
            "{\"password\": \"hunter2\"}",
            "{\\\"api_key\\\":\\\"hunter2\\\"}",
            "authorization: Bearer hunter2hunter2",
            "sk-proj-hunter2hunter2hunter2",
            "eyJhbGciOiJIUzI1NiJ9.hunter2.hunter2",
        ] {
            let kept = text(words);
            assert!(!kept.contains("hunter2") && kept.contains(GONE), "{words}: {kept}");
        }
        let token = format!("fathom_{}", "x".repeat(43));
        assert_eq!(text(&format!("it is {token}.")), "it is [redacted].");
    }

    #[test]
    fn members_that_are_called_like_a_secret_are_not_shown_and_others_are() {
        let args = json!({
            "Password": "a", "api-key": ["b"], "userToken": {"c": "d"}, "pin_secret": 7, "token": null,
            "budget": {"tokens": 1000, "usd": 0.5}, "key": "main.orders", "sql": "select token, password from users where id = 3"
        });
        let kept = value(&args);
        for gone in ["Password", "api-key", "userToken", "pin_secret"] {
            assert_eq!(kept[gone], GONE, "{gone}");
        }
        assert_eq!((&kept["budget"], &kept["key"], &kept["sql"]), (&args["budget"], &args["key"], &args["sql"]));
    }
}
