//! The Model Context Protocol; the only room that knows rmcp.

pub mod client;
pub mod server;
