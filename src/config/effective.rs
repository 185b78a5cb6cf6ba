//! The settings as they are in force: each with where it came from, secrets masked.

use std::collections::BTreeMap;

use figment::Figment;
use figment::value::{Dict, Value};

use super::settings::Settings;

pub(super) const MASK: &str = "***";
const SECRET_WORDS: [&str; 7] = ["key", "token", "secret", "password", "credential", "authorization", "env"];

/// One setting as `fathom check` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// `section.key`.
    pub key: String,
    /// As JSON; `(not set)` where there is none; never a secret.
    pub value: String,
    /// The file, variable or flag that the value came from, or `default`.
    pub origin: String,
}

/// All settings in order of their keys, those without a value included.
pub(super) fn list(values: &Dict, figment: &Figment) -> Vec<Effective> {
    let mut found = BTreeMap::new();
    for (name, value) in values {
        leaves(vec![name.clone()], value, figment, &mut found);
    }
    for path in Settings::keys() {
        let key = path.join(".");
        let given = found.keys().any(|other: &String| *other == key || other.starts_with(&format!("{key}.")));
        if !given {
            found.insert(key.clone(), Effective { key, value: "(not set)".to_owned(), origin: "default".to_owned() });
        }
    }
    found.into_values().collect()
}

/// Whether what stands under this name is nobody's business: `api_key`, `token`, but not `max_tokens`.
pub(super) fn is_secret(path: &[String]) -> bool {
    path.iter().any(|name| {
        let last = name.rsplit(['_', '-']).next().unwrap_or(name).to_lowercase();
        let singular =
            if name.contains('_') && last.starts_with("token") { last.as_str() } else { last.strip_suffix('s').unwrap_or(&last) };
        SECRET_WORDS.contains(&singular)
    })
}

/// The text without the passwords of a URL inside it: before the host, and among the parameters.
pub(super) fn without_password(text: &str) -> String {
    let text = &without_parameter(text);
    let Some(scheme) = text.find("://") else { return text.to_owned() };
    let (head, rest) = text.split_at(scheme + "://".len());
    // Up to the last `@`, because people forget to escape one inside a password.
    match rest.rfind('@').and_then(|at| Some((rest[..at].find(':')?, at))) {
        Some((colon, at)) => format!("{head}{}:{MASK}{}", &rest[..colon], &rest[at..]),
        None => text.to_owned(),
    }
}

fn without_parameter(text: &str) -> String {
    let start = ["?password=", "&password="].iter().find_map(|name| Some(text.find(name)? + name.len()));
    match start {
        Some(start) if text.contains("://") => {
            let end = text[start..].find('&').map_or(text.len(), |at| start + at);
            format!("{}{MASK}{}", &text[..start], &text[end..])
        }
        _ => text.to_owned(),
    }
}

fn leaves(path: Vec<String>, value: &Value, figment: &Figment, into: &mut BTreeMap<String, Effective>) {
    if let Value::Dict(_, members) = value
        && !members.is_empty()
    {
        for (name, member) in members {
            leaves([path.as_slice(), std::slice::from_ref(name)].concat(), member, figment, into);
        }
        return;
    }
    let key = path.join(".");
    let origin = figment.get_metadata(value.tag()).map_or_else(|| "default".to_owned(), |metadata| metadata.name.to_string());
    let value = shown(&path, value);
    into.insert(key.clone(), Effective { key, value, origin });
}

fn shown(path: &[String], value: &Value) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    let says_something = !matches!(&json, serde_json::Value::String(text) if text.is_empty());
    if is_secret(path) && says_something {
        return MASK.to_owned();
    }
    masked(json).to_string()
}

fn masked(json: serde_json::Value) -> serde_json::Value {
    match json {
        serde_json::Value::String(text) => without_password(&text).into(),
        serde_json::Value::Array(items) => items.into_iter().map(masked).collect(),
        serde_json::Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| if is_secret(std::slice::from_ref(&name)) { (name, MASK.into()) } else { (name, masked(member)) })
            .collect(),
        other => other,
    }
}
