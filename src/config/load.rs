//! Puts the layers on top of each other and reads the settings out of them, or says everything that is wrong.

use std::collections::HashMap;
use std::path::PathBuf;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};

use super::effective::{self, Effective};
use super::environment::Surroundings;
use super::flags::Flags;
use super::layer::{Layer, Path, at, put, take_out};
use super::problem::{Problem, reason_of};
use super::settings::Settings;
use super::{DEFAULTS, checks, file};

/// Settings in force, and how they came about.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    /// The user's file, where one was read.
    pub file: Option<PathBuf>,
    /// Where a build with crash points is to die: `name:nth`.
    pub crash_point: Option<String>,
    effective: Vec<Effective>,
}

impl Loaded {
    /// Every setting with where it came from, secrets masked.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

/// Loads the settings of this process.
pub fn load(flags: Flags) -> Result<Loaded, Vec<Problem>> {
    load_from(flags, &Surroundings::of_process())
}

/// The user's home folder, where the surroundings name one.
pub fn home() -> Option<PathBuf> {
    Surroundings::of_process().home()
}

/// Loads settings as a process in these surroundings would.
pub fn load_from(flags: Flags, around: &Surroundings) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Vec::new();
    let defaults: Dict = Toml::from_str(DEFAULTS).expect("the built-in defaults are TOML, which a test keeps");
    let sections: Vec<String> = Settings::names();
    let file = file::find(flags.config.clone(), around);
    let of_file = file.as_ref().and_then(|file| file::read(file, around, &mut problems));
    let (of_environment, written) = around.layers(&sections);

    let mut figment = Figment::new().merge(Layer { origin: "default".to_owned(), values: defaults });
    for layer in around
        .data_folder()
        .map(data_layer)
        .into_iter()
        .chain(around.endpoint())
        .chain(around.ambient_source())
        .chain(of_file)
        .chain(of_environment)
        .chain(flags.layers())
    {
        figment = figment.merge(layer);
    }
    let mut values = figment.data().expect("our layers never fail").remove(&Profile::Default).unwrap_or_default();
    let settings = extract(&mut values, written, &figment, &mut problems);

    if let Some(settings) = &settings {
        if settings.data_dir.as_os_str().is_empty() {
            let reason = "there is no home folder to keep data in; name a folder with `--data`";
            problems.push(Problem::new("data_dir", origin_of(&values, &figment, &["data_dir".to_owned()]), reason));
        }
        for (key, reason) in checks::all(settings) {
            let path: Path = key.split('.').map(str::to_owned).collect();
            // A value that was taken out is a default by now, and was complained about before.
            problems.push(Problem::new(key, origin_of(&values, &figment, &path), reason));
        }
    }
    match settings {
        Some(mut settings) if problems.is_empty() => {
            settings.mcp.around = around.for_children();
            #[cfg(feature = "crash-points")]
            let settings = with_fixtures(settings, around);
            let effective = effective::list(&values, &figment);
            Ok(Loaded { settings, file, crash_point: around.crash_point(), effective })
        }
        _ => Err(problems),
    }
}

#[cfg(feature = "crash-points")]
fn with_fixtures(mut settings: Settings, around: &Surroundings) -> Settings {
    settings.assistants.fixtures = around.wants_mcp_fixtures();
    settings
}

fn data_layer(folder: PathBuf) -> Layer {
    let value = Value::from(folder.to_string_lossy().into_owned());
    Layer::single("per-user data folder", &["data_dir".to_owned()], value)
}

/// Reads the settings; what cannot be read is noted, taken out, and the rest read again, so that all problems come to light.
fn extract(values: &mut Dict, mut written: HashMap<Path, String>, figment: &Figment, problems: &mut Vec<Problem>) -> Option<Settings> {
    loop {
        let error = match Value::from(values.clone()).deserialize::<Settings>() {
            Ok(settings) => return Some(settings),
            Err(error) => error,
        };
        let path = error.path.clone();
        let origin = origin_of(values, figment, &path);
        // A variable is text; `FATHOM_X=123` for a setting that is a text looked like a number.
        if let Some(text) = written.remove(&path).filter(|_| origin.starts_with("variable"))
            && let Some(value) = at(values, &path)
            && value.as_str().is_none()
        {
            let again = Value::String(value.tag(), text);
            put(values, &path, again);
            continue;
        }
        problems.push(Problem::new(path.join("."), origin, reason_of(&path, &error.kind)));
        if !take_out(values, &path) {
            return None;
        }
    }
}

fn origin_of(values: &Dict, figment: &Figment, path: &[String]) -> String {
    let tag = (1..=path.len()).rev().find_map(|length| at(values, &path[..length])).map(Value::tag);
    tag.and_then(|tag| figment.get_metadata(tag)).map_or_else(|| "default".to_owned(), |metadata| metadata.name.to_string())
}
