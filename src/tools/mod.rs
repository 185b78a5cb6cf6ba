//! Tools: named functions with a JSON Schema, an effect and bounds. One file a tool, one line in the registry.

pub mod port;
pub mod registry;
pub mod workspace;

pub use port::{Effect, Failure, Outcome, Rejection, Spec, Tool};
pub use registry::{Allowed, Registry};
pub use workspace::{Workbench, Workspace};
