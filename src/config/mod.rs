//! Settings of all rooms: their defaults, where each value came from, all problems at once.
//!
//! Layers, the later wins: `config/default.toml` (built in), the database that other tools' variables name, the user's file, the
//! environment, the flags of the command line.
//! No other room reads the environment.

mod aliases;
mod ambient;
mod checks;
mod effective;
mod environment;
mod expand;
mod file;
mod flags;
mod layer;
mod load;
mod problem;
mod settings;

pub use effective::Effective;
pub use environment::Surroundings;
pub use flags::Flags;
pub use load::{Loaded, home, load, load_from};
pub use problem::Problem;
pub use settings::Settings;

/// The built-in layer: complete, every key with its comment.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

#[cfg(test)]
mod tests;
