//! Signing in to remote servers that want OAuth: tokens that a person, or the configuration, lets us have, kept sealed and renewed by
//! themselves.
//!
//! Invariants: what one issuer gave is sent to no other; tokens, secrets and codes stand in no log, no error and no URL; a state is taken
//! once. The protocol itself is the SDK's.

mod assertion;
mod discovery;
mod error;
mod keeper;
mod kept;
mod login;
mod outgoing;
mod settings;
mod signed;

pub use error::{Error, plain};
pub use keeper::Keeper;
pub use login::{Callback, Progress, Returned};
pub use settings::{CALLBACK, Grant, OAuthSettings};
pub use signed::Signed;
