//! What a tool asks back before it goes on, in its answer (SEP-2322) or, in the older revisions, while it is under way. Forms are put to the
//! person who called; models and folders are nobody's to give.

use rmcp::model::{
    ClientCapabilities, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability, FormElicitationCapability,
    InputRequest, InputRequiredResult, RequestMetaObject,
};
use serde_json::Value;

use super::link::{Ask, Asks};
use super::person::{Person, Said};

/// What can be asked for. The older revisions hear it once for all calls.
pub fn capabilities() -> ClientCapabilities {
    let mut capabilities = ClientCapabilities::default();
    capabilities.elicitation = Some(ElicitationCapability::new().with_form(FormElicitationCapability::new()));
    capabilities
}

/// Said with each call in the newest revision: whether somebody is there to be asked.
pub fn declared(is_somebody_there: bool) -> RequestMetaObject {
    let mut meta = RequestMetaObject::default();
    meta.set_client_capabilities(if is_somebody_there { capabilities() } else { ClientCapabilities::default() });
    meta
}

/// None where anything but forms is asked for.
pub fn asks(result: InputRequiredResult) -> Option<Asks> {
    let questions = result.input_requests.unwrap_or_default().into_iter().map(|(id, request)| match request {
        InputRequest::Elicitation(request) => form(request.params).map(|(message, schema)| Ask { id, message, schema }),
        _ => None,
    });
    Some(Asks { questions: questions.collect::<Option<Vec<_>>>()?, state: result.request_state })
}

/// What a person says to a request of the older revisions. Anything but a form is declined, as is what nobody is there to be asked.
pub async fn answer(person: Option<&Person>, request: ElicitRequestParams) -> ElicitResult {
    let said = match (person, form(request)) {
        (Some(person), Some((message, schema))) => person.ask(message, schema).await,
        _ => Said::Decline,
    };
    match said {
        Said::Accept(content) => ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(content)),
        Said::Decline => ElicitResult::new(ElicitationAction::Decline),
        Said::Cancel => ElicitResult::new(ElicitationAction::Cancel),
    }
}

fn form(request: ElicitRequestParams) -> Option<(String, Value)> {
    match request {
        ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
            Some((message, serde_json::to_value(requested_schema).ok()?))
        }
        _ => None,
    }
}
