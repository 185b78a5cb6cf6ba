//! The words of Fathom as types: what every room talks about. No IO, no async, no clock.

pub mod access;
pub mod budget;
pub mod cell;
pub mod crash;
pub mod egress;
pub mod entry;
pub mod event;
pub mod id;
pub mod intent;
pub mod past;
pub mod question;
pub mod rows;
pub mod run;
pub mod schema;
pub mod task;

pub use access::{Grant, Identity, MissingScope, NotGranted, Scope, Scopes, TokenKind};
pub use budget::{Budget, Limit, Spent};
pub use cell::Cell;
pub use egress::Egress;
pub use entry::{Author, Confidence, Entry, EntryStatus, EntryWrite, Hit, Insight, Layer, Provenance};
pub use event::{Event, EventBody, EventType, Seq};
pub use id::{RunId, SnapshotId, SourceKey, TaskId};
pub use intent::{Intent, OutOfBounds};
pub use past::{Change, Rival, StaleMark, Staleness};
pub use question::{Answer, Question};
pub use rows::Rows;
pub use run::{OutsideAgent, RunRequest, RunStatus, RunSummary, StopReason};
pub use schema::{Check, Column, ForeignKey, Index, Routine, RoutineKind, Sequence, Snapshot, Table, TableKind, Trigger};
pub use task::{PlannedTask, Task, TaskOutcome};
