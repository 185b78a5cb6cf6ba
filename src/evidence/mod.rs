//! Evidence: what can be computed from metadata and from figures about the data. Pure: no SQL, no model, no clock.

pub mod glance;
pub mod inclusions;
pub mod infer;
pub mod joins;
pub mod keys;
pub mod landscape;
pub mod names;
pub mod natures;
pub mod oddities;
pub mod paths;
pub mod score;
pub mod sketch;
pub mod types;
pub mod ways;
pub mod wording;

pub use joins::{JoinSuggestion, suggest_joins};
pub use keys::{ColumnFacts, KeyCandidate, key_candidates};
pub use paths::{Step, join_path};
pub use sketch::{ColumnFigures, ColumnSketch, Precision};
