//! Tools of remote servers: whose they are, what they do, and the digest under which each was accepted.

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::link::Definition;
use super::setup::Setup;
use crate::tools::Effect;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemoteTool {
    pub server: String,
    pub name: String,
    pub title: Option<String>,
    pub description: String,
    /// JSON Schema of the arguments.
    pub args: Value,
    /// JSON Schema of the result, where the server tells it.
    pub output: Option<Value>,
    pub effect: Effect,
    /// SHA-256 of the definition, hexadecimal.
    pub hash: String,
    pub acceptance: Acceptance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    Accepted,
    /// Its definition is another one than the one that was accepted.
    Changed,
}

impl RemoteTool {
    pub fn new(setup: &Setup, definition: Definition, acceptance: Acceptance) -> Self {
        let (hash, effect) = (hash(&definition), effect(setup, &definition));
        let Definition { name, title, description, args, output, .. } = definition;
        Self {
            server: setup.name.clone(),
            name,
            title,
            description: description.unwrap_or_default(),
            args,
            output,
            effect,
            hash,
            acceptance,
        }
    }

    /// Its name among the tools of all. No name of ours has a colon, nor has a server's.
    pub fn public_name(&self) -> String {
        format!("{}:{}", self.server, self.name)
    }
}

/// What the configuration says; else what a trusted server says; else the worst.
fn effect(setup: &Setup, definition: &Definition) -> Effect {
    let says_read = definition.annotations.as_ref().and_then(|annotations| annotations.get("readOnlyHint")) == Some(&Value::Bool(true));
    match setup.effects.get(&definition.name) {
        Some(effect) => *effect,
        None if setup.trusted && says_read => Effect::Read,
        None => Effect::Mutate,
    }
}

/// Of everything that a model or a person goes by. The title alone is left out: it is only shown.
pub fn hash(definition: &Definition) -> String {
    let whole = json!({
        "name": definition.name,
        "description": definition.description,
        "args": definition.args,
        "output": definition.output,
        "annotations": definition.annotations,
    });
    let digest = Sha256::digest(canonical(&whole).to_string().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// With members in the order of their names, whatever order they came in.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            Value::Object(sorted.into_iter().map(|(name, value)| (name.clone(), canonical(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::mcp::client::{ServerSettings, Settings};

    fn definition() -> Definition {
        Definition {
            name: "pay".to_owned(),
            description: Some("Pays.".to_owned()),
            args: json!({"type": "object", "properties": {"to": {"type": "string"}}}),
            ..Definition::default()
        }
    }

    #[test]
    fn whatever_a_definition_says_is_in_its_hash() {
        let one = hash(&definition());
        assert_eq!(one, hash(&Definition { title: Some("Pay".to_owned()), ..definition() }));
        for other in [
            Definition { name: "pay2".to_owned(), ..definition() },
            Definition { description: Some("Pays twice.".to_owned()), ..definition() },
            Definition { args: json!({"type": "object"}), ..definition() },
            Definition { output: Some(json!({})), ..definition() },
            Definition { annotations: Some(json!({"readOnlyHint": true})), ..definition() },
        ] {
            assert_ne!(one, hash(&other), "{other:?}");
        }
    }

    #[test]
    fn the_effect_is_what_is_configured_then_what_a_trusted_server_says_then_the_worst() {
        let setup = |trusted: bool, effects: &[(&str, Effect)]| {
            let effects: BTreeMap<String, Effect> = effects.iter().map(|(tool, effect)| ((*tool).to_owned(), *effect)).collect();
            let server = ServerSettings { url: Some("http://h/".to_owned()), trusted, effects, ..ServerSettings::default() };
            Setup::of("hub", &server, &Settings::default()).unwrap()
        };
        let hinted = Definition { annotations: Some(json!({"readOnlyHint": true})), ..definition() };
        assert_eq!(effect(&setup(false, &[]), &hinted), Effect::Mutate);
        assert_eq!(effect(&setup(true, &[]), &hinted), Effect::Read);
        assert_eq!(effect(&setup(true, &[]), &definition()), Effect::Mutate);
        assert_eq!(effect(&setup(true, &[("pay", Effect::Mutate)]), &hinted), Effect::Mutate);
        assert_eq!(effect(&setup(false, &[("pay", Effect::Read)]), &definition()), Effect::Read);
    }
}
