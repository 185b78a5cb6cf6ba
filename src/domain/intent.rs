//! What the person wants from a run; may change at any time.

use serde::{Deserialize, Serialize};

const TEXT_CHARS: usize = 2_000;
const TEXTS: usize = 20;

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

    /// Intents go into prompts, so they have bounds.
    pub fn check(&self) -> Result<(), OutOfBounds> {
        let is_fit = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS;
        let odd = |field: String| OutOfBounds { field, valid: format!("a text of 1 to {TEXT_CHARS} characters") };
        if self.audience.as_deref().is_some_and(|audience| !is_fit(audience)) {
            return Err(odd("audience".to_owned()));
        }
        for (field, texts) in [("goals", &self.goals), ("constraints", &self.constraints)] {
            if texts.len() > TEXTS {
                return Err(OutOfBounds { field: field.to_owned(), valid: format!("a list of up to {TEXTS} texts") });
            }
            if let Some(at) = texts.iter().position(|text| !is_fit(text)) {
                return Err(odd(format!("{field}[{at}]")));
            }
        }
        Ok(())
    }

    /// All of it as search text.
    pub fn words(&self) -> String {
        self.audience.iter().chain(&self.goals).chain(&self.constraints).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// A part of an intent that is not as it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` must be {valid}")]
pub struct OutOfBounds {
    pub field: String,
    pub valid: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_has_bounds_that_are_named() {
        let field = |intent: Intent| intent.check().unwrap_err().field;
        assert_eq!(field(Intent { audience: Some(" ".into()), ..Intent::default() }), "audience");
        assert_eq!(field(Intent { goals: vec!["a".into(), "x".repeat(2_001)], ..Intent::default() }), "goals[1]");
        assert_eq!(field(Intent { constraints: vec!["a".into(); 21], ..Intent::default() }), "constraints");
        assert_eq!(Intent::default().check(), Ok(()));
    }
}
