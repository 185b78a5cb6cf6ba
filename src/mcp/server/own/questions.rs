//! `questions` and `answer_question`, and questions that are put to the person by the client itself.

use rmcp::model::{
    CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitationAction, InputRequest, InputRequests, InputRequiredResult,
};
use serde_json::{Value, json};

use super::discovery::meant;
use super::{ANSWER, OwnCall, text};
use crate::domain::{Answer, RunId, Scope};
use crate::engine::{Command, Runs};
use crate::mcp::server::answers::{Failed, structured};

const ANSWER_CHARS: usize = 10_000;
/// The name of what the person fills in.
const FIELD: &str = "answer";

pub async fn list(call: OwnCall<'_>) -> Result<CallToolResponse, Failed> {
    let runs = &call.server.parts.runs;
    let id = meant(runs, text(&call.args, "run_id")?).await?;
    let questions = open_questions(runs, id).await?;
    Ok(structured(json!({"run_id": id, "questions": questions})))
}

pub async fn answer(call: OwnCall<'_>) -> Result<CallToolResponse, Failed> {
    let runs = &call.server.parts.runs;
    let id = meant(runs, text(&call.args, "run_id")?).await?;
    let question =
        text(&call.args, "question_id")?.ok_or_else(|| Failed::told("`question_id` is missing; `questions` lists them".to_owned()))?;
    let words =
        text(&call.args, FIELD)?.ok_or_else(|| Failed::told("`answer` is missing: an option word for word, or free text".to_owned()))?;
    deliver(runs, id, question, words).await?;
    Ok(structured(json!({"run_id": id, "question_id": question, "answered": true})))
}

/// The questions of the run that nobody has answered.
pub async fn open_questions(runs: &Runs, id: RunId) -> Result<Vec<Value>, Failed> {
    let (_, view) = runs.look(id).await?;
    let open = view.questions.into_iter().filter(|asked| asked.answer.is_none());
    Ok(open
        .map(|asked| {
            let question = asked.question;
            json!({"question_id": question.question_id, "title": question.title, "prompt": question.prompt, "options": question.options})
        })
        .collect())
}

/// Puts the first open question to the person where the client can: at once in a session, and by an answer that asks for input where
/// there is none. None where the client cannot or may not pass on an answer, or the person does not want to.
pub async fn ask_the_person(call: &OwnCall<'_>, id: RunId) -> Result<Option<CallToolResponse>, Failed> {
    let runs = &call.server.parts.runs;
    if call.identity.require(Scope::Write.into(), ANSWER).is_err() {
        return Ok(None);
    }
    let Some(capabilities) = call.context.client_capabilities().and_then(|capabilities| capabilities.elicitation) else { return Ok(None) };
    if capabilities.url.is_some() && capabilities.form.is_none() {
        return Ok(None);
    }
    let open = open_questions(runs, id).await?;
    let Some(question) = open.first() else { return Ok(None) };
    let question_id = question["question_id"].as_str().unwrap_or_default();
    let key = format!("{id}/{question_id}");
    let params = form(question)?;
    let is_in_session = call.context.protocol_version().is_none_or(|version| version < rmcp::model::ProtocolVersion::V_2026_07_28);
    if is_in_session {
        let asked = call.context.peer.create_elicitation(params).await;
        let Ok(result) = asked else { return Ok(None) };
        if let (ElicitationAction::Accept, Some(words)) =
            (result.action, result.content.as_ref().and_then(|content| content[FIELD].as_str()))
        {
            pass_on(call, id, question_id, words).await?;
        }
        return Ok(None);
    }
    match call.responses.as_ref().and_then(|responses| responses.get(&key)) {
        None => {
            let mut requests = InputRequests::new();
            requests.insert(key, InputRequest::Elicitation(ElicitRequest::new(params)));
            Ok(Some(InputRequiredResult::from_input_requests(requests).into()))
        }
        Some(response) => {
            if let (Some("accept"), Some(words)) = (response["action"].as_str(), response["content"][FIELD].as_str()) {
                pass_on(call, id, question_id, words).await?;
            }
            Ok(None)
        }
    }
}

/// An answer that came another way than by its own tool, noted as that is.
async fn pass_on(call: &OwnCall<'_>, id: RunId, question_id: &str, words: &str) -> Result<(), Failed> {
    let mut noting = call.server.parts.outside.audit.begin(&call.identity.author, ANSWER, true);
    noting.with_args(json!({"run_id": id, "question_id": question_id, FIELD: words}));
    let delivered = deliver(&call.server.parts.runs, id, question_id, words).await;
    match &delivered {
        Ok(()) => noting.done(),
        Err(failed) => noting.refused(failed.words()),
    }
    delivered
}

/// One field: a choice where there are options.
fn form(question: &Value) -> Result<ElicitRequestParams, Failed> {
    let title = question["title"].as_str().unwrap_or_default();
    let field = match question["options"].as_array().filter(|options| !options.is_empty()) {
        Some(options) => json!({"type": "string", "title": title, "enum": options}),
        None => json!({"type": "string", "title": title}),
    };
    let schema = json!({"type": "object", "properties": {FIELD: field}, "required": [FIELD]});
    let requested_schema = serde_json::from_value(schema).map_err(|error| Failed::told(format!("the question cannot be put: {error}")))?;
    let message = question["prompt"].as_str().filter(|prompt| !prompt.is_empty()).unwrap_or(title).to_owned();
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
}

/// An option where the words are one, else free text.
async fn deliver(runs: &Runs, id: RunId, question_id: &str, words: &str) -> Result<(), Failed> {
    if words.chars().count() > ANSWER_CHARS {
        return Err(Failed::told(format!("`answer` is longer than {ANSWER_CHARS} characters")));
    }
    let (_, view) = runs.look(id).await?;
    let asked = view.questions.iter().find(|asked| asked.question.question_id == question_id);
    let is_option = asked.is_some_and(|asked| asked.question.options.iter().any(|option| option == words));
    let answer = if is_option { Answer::Option(words.to_owned()) } else { Answer::Answer(words.to_owned()) };
    runs.deliver(id, Command::Answer { question_id: question_id.to_owned(), answer }, None).await?;
    Ok(())
}
