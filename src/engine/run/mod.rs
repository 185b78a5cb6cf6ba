//! One run: its pure state and machine, and the actor that keeps both in step with the journal.

pub mod actor;
mod batch;
pub mod effects;
mod fate;
pub mod headline;
pub mod input;
pub mod machine;
pub mod outside;
pub mod perform;
pub mod report;
mod silence;
pub mod state;

#[cfg(test)]
mod tests;
