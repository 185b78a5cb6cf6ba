//! Shapes made ready for use: the compiled validator and the texts that go over the wire, each made once and kept.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::port::{Error, Shape};
use super::strict;

/// Distinct shapes kept; a program has a handful, and one that makes them up for each call must not fill the memory.
const CAPACITY: usize = 256;

/// The compiled shapes of all models of a process.
#[derive(Default)]
pub struct Shapes {
    by_name: RwLock<HashMap<String, Vec<Arc<Compiled>>>>,
}

/// A shape ready for use.
pub struct Compiled {
    pub(super) schema: Value,
    pub(super) validator: jsonschema::Validator,
    /// The full schema as compact text, for prompts.
    pub(super) text: String,
    /// The whole `response_format` of structured output.
    pub(super) response_format: Box<RawValue>,
}

impl Shapes {
    /// By name and content: one name may stand for several schemas.
    pub(super) fn compiled(&self, shape: &Shape) -> Result<Arc<Compiled>, Error> {
        let find = |kept: &HashMap<String, Vec<Arc<Compiled>>>| {
            kept.get(&shape.name)?.iter().find(|compiled| compiled.schema == shape.schema).map(Arc::clone)
        };
        if let Some(found) = find(&self.by_name.read().unwrap_or_else(std::sync::PoisonError::into_inner)) {
            return Ok(found);
        }
        let compiled = Arc::new(Compiled::new(shape)?);
        let mut kept = self.by_name.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept.values().map(Vec::len).sum::<usize>() >= CAPACITY {
            kept.clear();
        }
        kept.entry(shape.name.clone()).or_default().push(Arc::clone(&compiled));
        Ok(compiled)
    }
}

impl Compiled {
    pub(super) fn new(shape: &Shape) -> Result<Self, Error> {
        let validator = jsonschema::validator_for(&shape.schema)
            .map_err(|error| Error::Refused(format!("the schema of the shape `{}` is not valid: {error}", shape.name)))?;
        let wire = strict::derive(&shape.schema);
        let name: String = shape.name.chars().take(64).map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let name = if name.is_empty() { "answer".to_owned() } else { name };
        let format = json!({ "type": "json_schema", "json_schema": { "name": name, "strict": wire.strict, "schema": wire.schema } });
        Ok(Self {
            schema: shape.schema.clone(),
            validator,
            text: shape.schema.to_string(),
            response_format: serde_json::value::to_raw_value(&format).expect("JSON values always serialise"),
        })
    }

    /// Whether the wanted value is an object; structured output knows nothing else.
    pub(super) fn wants_object(&self) -> bool {
        self.schema.get("type").is_some_and(|kind| kind == "object")
    }

    /// The schema of a member of the wanted object.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.schema.get("properties")?.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_compiled_once_and_told_apart_by_content() {
        let shapes = Shapes::default();
        let shape = |kind: &str| Shape { name: "act".to_owned(), schema: json!({ "type": kind }) };
        let first = shapes.compiled(&shape("object")).expect("valid");
        assert!(Arc::ptr_eq(&first, &shapes.compiled(&shape("object")).expect("valid")));
        assert!(!Arc::ptr_eq(&first, &shapes.compiled(&shape("array")).expect("valid")));
        assert!(shapes.compiled(&shape("nonsense")).is_err());
    }

    #[test]
    fn the_cache_is_bounded() {
        let shapes = Shapes::default();
        for n in 0..CAPACITY + 10 {
            shapes.compiled(&Shape { name: format!("s{n}"), schema: json!({}) }).expect("valid");
        }
        assert!(shapes.by_name.read().expect("not poisoned").len() <= CAPACITY);
    }
}
