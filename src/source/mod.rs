//! Other people's databases: reading their metadata and, through the guard, their rows. Never writing.

pub mod guard;
pub mod port;

pub use guard::{Dialect, ReadQuery};
pub use port::{Error, ReadLimits, Source};
