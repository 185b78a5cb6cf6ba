//! Claims: the one gate through which what somebody says passes into the catalog, be it an expert or a caller from outside.
//!
//! A claim gets its one key, is held against the data, and comes out with the confidence and the status that its evidence bears.

pub mod again;
pub mod bands;
pub mod checks;
pub mod grounds;
pub mod proposal;
pub mod sql;
pub mod text;

pub use checks::{Data, Verdict};
pub use grounds::Grounds;
pub use proposal::{ProposedWrite, ToolCall, ToolResult};
