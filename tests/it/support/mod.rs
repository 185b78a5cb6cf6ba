//! What several tests need: a fathom process to kill, a database to discover, a model server that answers by rule,
//! a store that stumbles.

pub mod client;
pub mod model_server;
pub mod process;
pub mod servers;
pub mod shop;
pub mod stumbling;
