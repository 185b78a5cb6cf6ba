//! What several tests need: a fathom process to kill, a database to discover, a model server that answers by rule.

pub mod client;
pub mod model_server;
pub mod process;
pub mod servers;
pub mod shop;
