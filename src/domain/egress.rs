//! Egress: what of a source may be shown to a language model, and what one call of a model was shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The levels, the strictest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Egress {
    /// Names, types, comments and keys: no value and no figure.
    Schema,
    /// Counts, shares and distributions too, and still no value.
    Statistics,
    /// Values too, but personal data and long texts only in their shape.
    #[default]
    Masked,
    /// Everything.
    Full,
}

/// What one call of a model was shown, and what not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shown {
    pub level: Egress,
    /// Values of which only the shape was shown.
    pub values_masked: u64,
    /// Members of evidence, results and entries that were not shown at all.
    pub fields_left_out: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level of egress; valid are `schema`, `statistics`, `masked` and `full`")]
pub struct NoLevel(String);

impl Egress {
    pub const ALL: [Self; 4] = [Self::Schema, Self::Statistics, Self::Masked, Self::Full];

    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Statistics => "statistics",
            Self::Masked => "masked",
            Self::Full => "full",
        }
    }
}

impl FromStr for Egress {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| NoLevel(text.to_owned()))
    }
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
