//! Arguments against a tool's schema: filled in where they may be, and refused in words that let the caller mend them.

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::port::Spec;

/// More errors than this say nothing new.
const ERRORS_TOLD: usize = 3;

/// Makes arguments ready to be used, or says what is wrong with them and what is valid.
pub fn accept(spec: &Spec, validator: &Validator, defaults: &Map<String, Value>, args: Value) -> Result<Value, String> {
    let mut args = match args {
        Value::Null => Value::Object(Map::new()),
        // Some models write the object as text.
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    };
    if let Value::Object(members) = &mut args {
        // An argument that was not meant is often written as null.
        members.retain(|_, value| !value.is_null());
        for (name, value) in members.iter_mut() {
            // An object that was written as text is the object: rules and tools see the same.
            if let (Value::String(text), true) = (&*value, takes_object(spec, name))
                && let Ok(object @ Value::Object(_)) = serde_json::from_str(text)
            {
                *value = object;
            }
        }
        for (name, value) in defaults {
            if !members.contains_key(name) {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    if validator.is_valid(&args) {
        return Ok(args);
    }
    let told: Vec<String> = validator.iter_errors(&args).take(ERRORS_TOLD).map(|error| tell(spec, &error)).collect();
    Err(format!("the arguments of `{}` are not valid: {}. A valid call is {}", spec.name, told.join("; "), spec.example))
}

fn takes_object(spec: &Spec, name: &str) -> bool {
    let kinds = spec.args["properties"][name]["type"].as_array();
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"))
}

fn tell(spec: &Spec, error: &jsonschema::ValidationError<'_>) -> String {
    let path = error.instance_path().as_str().trim_start_matches('/');
    let problem: String = error.to_string().chars().take(200).collect();
    let properties = spec.args.get("properties").and_then(Value::as_object);
    let field = path.split('/').next().filter(|field| !field.is_empty());
    match field {
        Some(field) => {
            let valid = properties.and_then(|properties| properties.get(field)).map(without_words);
            let valid = valid.map(|valid| format!(" (valid is {valid})")).unwrap_or_default();
            format!("`{}`: {problem}{valid}", path.replace('/', "."))
        }
        None => {
            let names: Vec<&str> = properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default();
            format!("{problem} (arguments are {})", names.join(", "))
        }
    }
}

/// A property's rules without its description.
fn without_words(property: &Value) -> Value {
    let mut rules = property.clone();
    if let Some(members) = rules.as_object_mut() {
        members.remove("description");
    }
    rules
}
