//! What the person wants from a run; may change at any time.

use serde::{Deserialize, Serialize};

/// Free text of the person, in three fields that prompts and the planner read apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Intent {
    /// Who will read the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// What the person wants to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<String>,
    /// What must be kept to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
}

impl Intent {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of it as search text.
    pub fn words(&self) -> String {
        self.audience.iter().chain(&self.goals).chain(&self.constraints).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}
