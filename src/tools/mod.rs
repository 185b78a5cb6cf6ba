//! Tools: named functions with a JSON Schema, an effect and bounds. One file a tool, one line in the registry.

pub mod port;
pub mod workspace;

pub use port::{Effect, Failure, Outcome, Spec, Tool};
pub use workspace::{Workbench, Workspace};
