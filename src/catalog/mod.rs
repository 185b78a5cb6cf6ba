//! The catalog: what a harvest says as entries, what changed between two and what that touches, and the report of a run.
//! Keeping and searching is the store's.

pub mod differences;
pub mod harvested;
pub mod report;
pub mod stale;

pub use differences::{Changed, Differences};
pub use report::{Report, ReportFacts, TaskLine};
