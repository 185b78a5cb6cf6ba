//! `GET /runs/{id}/questions` and `POST /runs/{id}/questions/{qid}/answer`: what the experts want to know from the person.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::body::Body;
use super::once::{Done, Key, deliver};
use super::params::{Items, Params, RunPath, path_parameter};
use super::problem::{Code, Problem};
use crate::domain::Answer;
use crate::engine::{Command, QuestionView};

const ANSWER_CHARS: usize = 10_000;

/// Free text, or one of the options; not both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Word for word, as the question offers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
}

/// The question that the path names.
pub struct QuestionPath(String);

/// Lists the questions of a run, in the order in which they were asked
#[utoipa::path(get, path = "/runs/{id}/questions", tag = "conversation", operation_id = "list_questions",
    params(("id" = String, Path, description = "The run's id."),
        ("state" = Option<String>, Query, description = "`open` or `answered`; both unless given."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of questions", body = Items<QuestionView>)))]
pub async fn list(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, params: Params) -> Result<Json<Items<QuestionView>>, Problem> {
    let params = params.only(&["state", "limit", "after"])?;
    let answered = params.one_of("state", &["open", "answered"], |text| match text {
        "open" => Some(false),
        "answered" => Some(true),
        _ => None,
    })?;
    let page = params.page()?;
    let (_, view) = state.runs.look(id).await?;
    let questions = view.questions.into_iter();
    let wanted = questions.filter(|question| answered.is_none_or(|answered| question.answer.is_some() == answered));
    Items::page_of(wanted, &page).map(Json)
}

/// Answers a question
///
/// A question is answered once; a second answer is refused with the first.
#[utoipa::path(post, path = "/runs/{id}/questions/{qid}/answer", tag = "conversation", operation_id = "answer_question",
    request_body = AnswerRequest,
    params(("id" = String, Path, description = "The run's id."), ("qid" = String, Path, description = "The question's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    responses((status = 200, description = "It is in the run's journal", body = Done)))]
pub async fn answer(
    State(state): State<Arc<ApiState>>,
    RunPath(id): RunPath,
    QuestionPath(question_id): QuestionPath,
    key: Key,
    body: Body<AnswerRequest>,
) -> Result<Response, Problem> {
    let answer = one_answer(body.value)?;
    let call = format!("answer/{question_id}");
    deliver(&state.runs, id, &call, Command::Answer { question_id, answer }, &key).await
}

fn one_answer(given: AnswerRequest) -> Result<Answer, Problem> {
    let check = |field: &str, text: String| {
        if !text.trim().is_empty() && text.chars().count() <= ANSWER_CHARS {
            return Ok(text);
        }
        let valid = format!("a text of 1 to {ANSWER_CHARS} characters");
        Err(Problem::invalid_field(field, format!("`{field}` must be {valid}")).with_valid([valid]))
    };
    match (given.answer, given.option) {
        (Some(text), None) => check("answer", text).map(Answer::Answer),
        (None, Some(option)) => check("option", option).map(Answer::Option),
        (None, None) => {
            let problem = Problem::new(Code::MissingField, "`answer` or `option` is missing").of_field("answer");
            Err(problem.with_valid(["answer", "option"]))
        }
        (Some(_), Some(_)) => Err(Problem::invalid_field("option", "`answer` and `option` exclude each other; send one")),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for QuestionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "qid").await.map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_text_or_an_option() {
        let of = |answer: Option<&str>, option: Option<&str>| {
            one_answer(AnswerRequest { answer: answer.map(str::to_owned), option: option.map(str::to_owned) })
                .map_err(|problem| problem.code)
        };
        assert_eq!(of(Some("yes"), None), Ok(Answer::Answer("yes".into())));
        assert_eq!(of(None, Some("a")), Ok(Answer::Option("a".into())));
        assert_eq!(of(None, None), Err(Code::MissingField));
        assert_eq!(of(Some("yes"), Some("a")), Err(Code::InvalidField));
        assert_eq!(of(Some(" "), None), Err(Code::InvalidField));
        assert_eq!(of(Some(&"x".repeat(ANSWER_CHARS + 1)), None), Err(Code::InvalidField));
    }
}
