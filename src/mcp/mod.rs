//! The Model Context Protocol; the only place that knows rmcp.

pub mod client;
