//! The user's file: the one that was named, else `fathom.toml` here, else the one in the per-user config folder.

use std::path::PathBuf;

use figment::providers::{Format, Toml};
use figment::value::Dict;

use super::environment::Surroundings;
use super::expand::expand;
use super::layer::Layer;
use super::problem::Problem;

pub(super) const NAME: &str = "fathom.toml";

/// Which file is read; a file that was named must be there, the others may be.
pub(super) fn find(named: Option<PathBuf>, around: &Surroundings) -> Option<PathBuf> {
    if let Some(named) = named.or_else(|| around.config_file()) {
        return Some(around.working_dir.join(named));
    }
    let here = around.working_dir.join(NAME);
    let of_user = around.config_folder().map(|folder| folder.join(NAME));
    std::iter::once(here).chain(of_user).find(|file| file.is_file())
}

pub(super) fn read(file: &PathBuf, around: &Surroundings, problems: &mut Vec<Problem>) -> Option<Layer> {
    let origin = file.display().to_string();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem::new("", origin, format!("cannot be read: {error}")));
            return None;
        }
    };
    let mut values: Dict = match Toml::from_str(&text) {
        Ok(values) => values,
        Err(error) => {
            problems.push(Problem::new("", origin, format!("is not TOML: {}", error.to_string().trim_end())));
            return None;
        }
    };
    expand(&mut values, &origin, around, problems);
    Some(Layer { origin, values })
}
