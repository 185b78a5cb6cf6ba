//! The catalog: what a harvest says as entries, what changed between two, and the report of a run. Pure; keeping and searching is the store's.

pub mod differences;
pub mod harvested;
pub mod report;

pub use differences::{Changed, Differences};
pub use report::{Report, ReportFacts, TaskLine};
