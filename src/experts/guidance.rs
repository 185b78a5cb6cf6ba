//! What the person has said to a run so far; it may change while a task is under way, and every later step hears it.

use super::thought::AnswerLine;
use crate::domain::Intent;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guidance {
    pub intent: Intent,
    /// In the order in which they were given.
    pub answers: Vec<AnswerLine>,
}
