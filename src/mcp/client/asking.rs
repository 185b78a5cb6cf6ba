//! What a tool asks back before it goes on (SEP-2322). Forms are put to the person who called; models and folders are nobody's to give.

use rmcp::model::{
    ClientCapabilities, ElicitRequestParams, ElicitationCapability, FormElicitationCapability, InputRequest, InputRequiredResult,
    RequestMetaObject,
};

use super::link::{Ask, Asks};

/// Said with each call that a person makes, and with no other.
pub fn can_be_asked() -> RequestMetaObject {
    let mut capabilities = ClientCapabilities::default();
    capabilities.elicitation = Some(ElicitationCapability::new().with_form(FormElicitationCapability::new()));
    let mut meta = RequestMetaObject::default();
    meta.set_client_capabilities(capabilities);
    meta
}

/// None where anything but forms is asked for.
pub fn asks(result: InputRequiredResult) -> Option<Asks> {
    let questions = result.input_requests.unwrap_or_default().into_iter().map(|(id, request)| match request {
        InputRequest::Elicitation(request) => match request.params {
            ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
                Some(Ask { id, message, schema: serde_json::to_value(requested_schema).ok()? })
            }
            _ => None,
        },
        _ => None,
    });
    Some(Asks { questions: questions.collect::<Option<Vec<_>>>()?, state: result.request_state })
}
