//! The only place that reads the environment: the process's variables, its working directory and the user's folders.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use figment::value::Value;

use super::aliases::ALIASES;
use super::layer::{Layer, Path as KeyPath};

pub(super) const PREFIX: &str = "FATHOM_";

/// Variables that begin like settings and are none.
const NOT_SETTINGS: [&str; 2] = [CONFIG_FILE, CRASH_POINT];
const CONFIG_FILE: &str = "FATHOM_CONFIG";
/// Only heard by a build with crash points: where the process is to die, for the tests of recovery.
const CRASH_POINT: &str = "FATHOM_CRASH_POINT";
/// Where the servers of the tests are; whatever a test starts has them around it.
const OF_TESTS: &str = "FATHOM_TEST_";
/// Only heard by a build with what only tests have: the server then offers what the conformance suite of MCP calls.
#[cfg(feature = "crash-points")]
const MCP_FIXTURES: &str = "FATHOM_TEST_MCP_FIXTURES";

const FOR_CHILDREN: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "TZ", "TERM"];

/// What surrounds a process, as a value, so that tests have their own.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub variables: BTreeMap<String, String>,
    pub working_dir: PathBuf,
}

impl Surroundings {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process() -> Self {
        let text = |word: std::ffi::OsString| word.into_string().ok();
        let variables = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect();
        // A working directory that was deleted is not an error for a person who names all paths in full.
        Self { variables, working_dir: std::env::current_dir().unwrap_or_default() }
    }

    /// A variable that says something; an empty one is as good as absent.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `$XDG_DATA_HOME/fathom`, else `~/.local/share/fathom`; none where there is no home.
    pub(super) fn data_folder(&self) -> Option<PathBuf> {
        self.user_folder("XDG_DATA_HOME", ".local/share")
    }

    /// `$XDG_CONFIG_HOME/fathom`, else `~/.config/fathom`; none where there is no home.
    pub(super) fn config_folder(&self) -> Option<PathBuf> {
        self.user_folder("XDG_CONFIG_HOME", ".config")
    }

    /// What the process of a remote server gets of our variables: where it finds programs and its home, and nothing that could be a secret.
    pub(super) fn for_children(&self) -> BTreeMap<String, String> {
        let known = |name: &&String| FOR_CHILDREN.contains(&name.as_str()) || name.starts_with("LC_");
        self.variables.iter().filter(|(name, _)| known(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.variable(CONFIG_FILE).map(PathBuf::from)
    }

    pub(super) fn crash_point(&self) -> Option<String> {
        self.variable(CRASH_POINT).map(str::to_owned)
    }

    #[cfg(feature = "crash-points")]
    pub(super) fn wants_mcp_fixtures(&self) -> bool {
        self.variable(MCP_FIXTURES).is_some()
    }

    /// A layer a variable, so that each value knows which one it came from; and the text of each as it was written.
    pub(super) fn layers(&self, sections: &[String]) -> (Vec<Layer>, HashMap<KeyPath, String>) {
        let aliases = ALIASES.iter().filter_map(|(name, key)| Some((*name, split(key, "."), self.variable(name)?)));
        let is_setting = |name: &str| name.starts_with(PREFIX) && !name.starts_with(OF_TESTS) && !NOT_SETTINGS.contains(&name);
        let own = self.variables.keys().filter(|name| is_setting(name));
        let own = own.filter_map(|name| Some((name.as_str(), split(&name[PREFIX.len()..].to_lowercase(), "__"), self.variable(name)?)));

        let known = |path: &KeyPath| sections.contains(&path[0]);
        let mut layers = Vec::new();
        let mut written = HashMap::new();
        for (name, path, text) in aliases.filter(|(_, path, _)| known(path)).chain(own) {
            let value = text.parse::<Value>().unwrap_or_else(|never| match never {});
            layers.push(Layer::single(format!("variable `{name}`"), &path, value));
            written.insert(path, text.to_owned());
        }
        (layers, written)
    }

    pub(super) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }

    fn user_folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        // The XDG rules say that a relative path there is to be ignored.
        let named = self.variable(variable).map(Path::new).filter(|path| path.is_absolute()).map(Path::to_path_buf);
        named.or_else(|| Some(Path::new(self.variable("HOME")?).join(below_home))).map(|folder| folder.join("fathom"))
    }
}

fn split(key: &str, by: &str) -> KeyPath {
    key.split(by).map(str::to_owned).collect()
}
