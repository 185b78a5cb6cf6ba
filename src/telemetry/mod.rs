//! Logs, spans and metrics: how they leave the process, and all their names in one place.

mod init;
pub mod metrics;
pub mod names;
mod settings;
pub mod spans;

pub use init::{Error, Guard, init};
pub use metrics::Metrics;
pub use settings::{Format, Settings};

#[cfg(test)]
mod tests;
