//! All settings of a process: a section a room, and the few that belong to none.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{engine, telemetry};

/// A room's section is one line here; what it checks of itself is one line in `checks.rs`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where runs, journals and the catalog are kept. Never empty once loaded.
    pub data_dir: PathBuf,
    /// Agent files that replace or add to the built-in ones.
    pub agents_dir: Option<PathBuf>,
    /// Prompts that replace or add to the built-in ones.
    pub prompts_dir: Option<PathBuf>,
    /// The source of a run that names none.
    pub default_source: Option<String>,

    pub engine: engine::Settings,
    pub telemetry: telemetry::Settings,
}

impl Settings {
    /// The names of all sections, and of the settings that stand in none.
    pub(super) fn names() -> Vec<String> {
        let whole = serde_json::to_value(Self::default()).expect("settings are plain data and always serialise");
        whole.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    }
}
