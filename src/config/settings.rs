//! All settings of a process: a section a room, and the few that belong to none.

use std::path::PathBuf;

use figment::error::Kind;
use figment::value::Value;
use serde::{Deserialize, Serialize};

use super::layer::{Layer, Path};
use crate::model::ApiKey;
use crate::store::Place;
use crate::{api, engine, mcp, model, source, telemetry, tools};

/// A room's section is one line here; what it checks of itself is one line in `checks.rs`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where runs, journals and the catalog are kept. Never empty once loaded.
    pub data_dir: PathBuf,
    /// A PostgreSQL database that keeps runs, journals and the catalog instead of the data folder.
    pub store: Option<Place>,
    /// Agent files that replace or add to the built-in ones.
    pub agents_dir: Option<PathBuf>,
    /// Prompts that replace or add to the built-in ones.
    pub prompts_dir: Option<PathBuf>,
    /// The source of a run that names none.
    pub default_source: Option<String>,
    /// The server that the command line talks to.
    pub server: Option<String>,
    /// The token that the command line sends.
    pub token: Option<ApiKey>,
    /// The key under which the secrets of sources are kept, in place of the one in the data folder.
    pub secret_key: Option<ApiKey>,

    /// What is done to calls of tools, in order.
    pub rules: Option<Vec<tools::Rule>>,

    pub engine: engine::Settings,
    pub telemetry: telemetry::Settings,
    pub model: model::Settings,
    pub source: source::Settings,
    pub tools: tools::Settings,
    pub api: api::Settings,
    pub assistants: mcp::server::Settings,
    pub mcp: mcp::client::Settings,
}

impl Settings {
    /// The names of all sections, and of the settings that stand in none.
    pub(super) fn names() -> Vec<String> {
        fields(&[]).unwrap_or_default().iter().map(|name| (*name).to_owned()).collect()
    }

    /// The paths of all settings, those without a default included; below a table with free names nothing is listed.
    pub(super) fn keys() -> Vec<Path> {
        fn below(path: Path, into: &mut Vec<Path>) {
            match fields(&path) {
                Some(names) => names.iter().for_each(|name| below([path.as_slice(), &[(*name).to_owned()]].concat(), into)),
                None => into.push(path),
            }
        }
        let mut keys = Vec::new();
        below(Path::new(), &mut keys);
        keys
    }
}

/// The fields of the table at a path. Asked for a field that no table has, a section answers with those that it has.
fn fields(path: &[String]) -> Option<&'static [&'static str]> {
    let probe = [path, &["\u{0}".to_owned()]].concat();
    let error = Value::from(Layer::single("", &probe, Value::from(0)).values).deserialize::<Settings>().err()?;
    match error.kind {
        Kind::UnknownField(_, valid) if error.path.len() == probe.len() => Some(valid),
        _ => None,
    }
}
