//! Speaking with language models: one port, an OpenAI-compatible client behind it, and what keeps calls within bounds.

pub mod json;
pub mod port;

pub use port::{Error, Finish, Message, Model, Reply, Request, Role, Shape, Usage};
