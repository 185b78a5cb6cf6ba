//! The Model Context Protocol; the only room that knows rmcp.

pub mod server;
pub mod settings;

pub use settings::Settings;
