//! Asking a model for one JSON value: a thin stand-in until the model room's own is merged.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{Error, Message, Model, Request, Role, Usage};

#[derive(Clone, Debug, PartialEq)]
pub struct Asked<T> {
    pub value: T,
    pub usage: Usage,
    pub attempts: u32,
    pub model: String,
    pub duration: Duration,
    pub remarks: Vec<String>,
}

pub async fn ask<T: DeserializeOwned>(model: &dyn Model, request: Request) -> Result<Asked<T>, Error> {
    let mut request = request;
    let mut usage = Usage::default();
    let mut attempts = 0;
    loop {
        let reply = model.reply(&request).await?;
        attempts += reply.attempts.max(1);
        usage.prompt_tokens += reply.usage.prompt_tokens;
        usage.answer_tokens += reply.usage.answer_tokens;
        match read::<T>(&request, &reply.text) {
            Ok(value) => {
                return Ok(Asked { value, usage, attempts, model: reply.model, duration: reply.duration, remarks: reply.remarks });
            }
            Err(reason) if request.purpose == "repair" => return Err(Error::Garbled { reason, raw: reply.text, usage }),
            Err(reason) => {
                request.purpose = "repair".to_owned();
                let text = format!("JSON repair: {reason}\n\n{}", reply.text);
                request.messages.push(Message { role: Role::User, text });
            }
        }
    }
}

fn read<T: DeserializeOwned>(request: &Request, text: &str) -> Result<T, String> {
    let start = text.find('{').ok_or("no JSON object")?;
    let end = text.rfind('}').ok_or("no JSON object")?;
    let value = serde_json::from_str(text.get(start..=end).ok_or("no JSON object")?).map_err(|error| error.to_string())?;
    jsonschema::validate(&request.shape.schema, &value).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}
