//! `POST /runs/{id}/intent`: changes what the person wants.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::ApiState;
use super::body::Body;
use super::once::{Done, Key, deliver};
use super::params::RunPath;
use super::problem::{Code, Problem};
use crate::domain::Intent;
use crate::engine::Command;

const TEXT_CHARS: usize = 2_000;
const TEXTS: usize = 20;

/// Changes the intent of a run
///
/// What is sent stands for the whole intent from then on; every later step sees it, and tasks that have not started are planned anew.
#[utoipa::path(post, path = "/runs/{id}/intent", tag = "conversation", operation_id = "change_intent", request_body = Intent,
    params(("id" = String, Path, description = "The run's id."), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    responses((status = 200, description = "It is in the run's journal", body = Done)))]
pub async fn change(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, key: Key, body: Body<Intent>) -> Result<Response, Problem> {
    let intent = body.value;
    check_intent(&intent, "")?;
    if intent.is_empty() {
        let problem = Problem::new(Code::MissingField, "an intent needs `goals`, `constraints` or `audience`").of_field("goals");
        return Err(problem.with_valid(["audience", "goals", "constraints"]));
    }
    deliver(&state.runs, id, "intent", Command::ChangeIntent { intent }, &key).await
}

/// Intents go into prompts, so they have bounds.
pub fn check_intent(intent: &Intent, prefix: &str) -> Result<(), Problem> {
    let check_text = |field: &str, text: &str| {
        if !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS {
            return Ok(());
        }
        let valid = format!("a text of 1 to {TEXT_CHARS} characters");
        Err(Problem::invalid_field(&format!("{prefix}{field}"), format!("`{prefix}{field}` must be {valid}")).with_valid([valid]))
    };
    if let Some(audience) = &intent.audience {
        check_text("audience", audience)?;
    }
    for (field, texts) in [("goals", &intent.goals), ("constraints", &intent.constraints)] {
        if texts.len() > TEXTS {
            let valid = format!("a list of up to {TEXTS} texts");
            let detail = format!("`{prefix}{field}` has {} texts; it may have {TEXTS}", texts.len());
            return Err(Problem::invalid_field(&format!("{prefix}{field}"), detail).with_valid([valid]));
        }
        for (position, text) in texts.iter().enumerate() {
            check_text(&format!("{field}[{position}]"), text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_has_bounds_that_are_named() {
        let field = |intent: Intent| check_intent(&intent, "intent.").unwrap_err().field.unwrap();
        assert_eq!(field(Intent { audience: Some(" ".into()), ..Intent::default() }), "intent.audience");
        assert_eq!(field(Intent { goals: vec!["a".into(), "x".repeat(2_001)], ..Intent::default() }), "intent.goals[1]");
        assert_eq!(field(Intent { constraints: vec!["a".into(); 21], ..Intent::default() }), "intent.constraints");
        assert!(check_intent(&Intent::default(), "").is_ok());
    }
}
