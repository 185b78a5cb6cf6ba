//! Speaking with language models: one port, an OpenAI-compatible client behind it, and what keeps calls within bounds.

pub mod port;

pub mod assemble;
pub mod breaker;
pub mod cassette;
mod chain;
pub mod json;
mod limit;
mod link;
pub mod meter;
mod openai;
mod retry;
pub mod scripted;
pub mod secret;
pub mod settings;
mod shapes;
mod strict;
mod watch;
mod wire;

pub use assemble::{LearntOf, Models, build};
pub use cassette::{Player, Recorder};
pub use json::{Asked, ask};
pub use meter::{Price, Prices};
pub use openai::{Learnt, LimitName, Rung};
pub use port::{Error, Finish, Message, Model, Reply, Request, Role, Shape, Usage};
pub use scripted::Scripted;
pub use secret::ApiKey;
pub use settings::{AuthHeader, ModelSettings, Settings, SettingsError, UrlStyle};
pub use shapes::Shapes;
