//! What stands beside the claim that stands: the claims of others, what was claimed before, and whether the database has changed since.

use serde::{Deserialize, Serialize};

use super::{Author, EntryStatus, EntryWrite, Layer, SnapshotId};

/// Why a claim may not hold any more: what it is about has changed in the database since it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Staleness {
    /// When the change was seen; milliseconds since 1970.
    pub since: i64,
    /// The snapshot that shows it.
    #[schema(value_type = String)]
    pub snapshot: SnapshotId,
    /// Keys of the objects that are not what they were.
    pub because: Vec<String>,
    /// The status that the claim has where nothing changed.
    pub was: EntryStatus,
}

/// A mark on its way to an entry: all claims on it that are there now were made before the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleMark {
    pub layer: Layer,
    pub kind: String,
    pub key: String,
    pub snapshot: SnapshotId,
    pub because: Vec<String>,
}

/// A claim on an entry that does not stand, because another one is more certain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rival {
    #[serde(flatten)]
    pub claim: EntryWrite,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Staleness>,
    pub at: i64,
}

/// A change of an entry: what was claimed, or that what was claimed became stale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// From 1, in the order in which they happened.
    pub revision: i64,
    pub at: i64,
    #[serde(flatten)]
    pub claim: EntryWrite,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Staleness>,
    /// Whose claim stood after the change; none where it is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Author>,
}
