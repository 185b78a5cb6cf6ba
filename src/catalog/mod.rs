//! The catalog: what a harvest says as entries, and the report of a run. Pure; keeping and searching is the store's.

pub mod harvested;
pub mod report;

pub use report::{Report, ReportFacts, TaskLine};
