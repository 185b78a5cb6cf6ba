//! What the command line says about settings; the strongest layer.

use std::path::PathBuf;

use figment::value::Value;
use serde::Serialize;

use super::layer::Layer;

/// Flags that were given; absent ones are not in here.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config FILE`: read this file and no other.
    pub(super) config: Option<PathBuf>,
    given: Vec<(&'static str, &'static str, Value)>,
}

impl Flags {
    /// With the file of `--config FILE`, where that was given.
    pub fn reading(config: Option<PathBuf>) -> Self {
        Self { config, given: Vec::new() }
    }

    /// A flag that was given: its name as a person types it, the setting it stands for (`section.key`), its value.
    pub fn set(&mut self, flag: &'static str, key: &'static str, value: impl Serialize) {
        let value = Value::serialize(value).expect("values of flags are numbers, words and paths, which always serialise");
        self.given.push((flag, key, value));
    }

    /// The same for a flag that may be absent.
    pub fn set_if_given(&mut self, flag: &'static str, key: &'static str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.set(flag, key, value);
        }
    }

    pub(super) fn layers(&self) -> impl Iterator<Item = Layer> {
        self.given.iter().map(|(flag, key, value)| {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            Layer::single(format!("flag `{flag}`"), &path, value.clone())
        })
    }
}
