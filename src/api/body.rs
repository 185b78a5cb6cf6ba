//! Reading request bodies: one JSON object within bounds, and errors that name the field.
//!
//! An empty body counts as `{}`, so that calls without any required field can be made without one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ApiState;
use super::audit::Said;
use super::problem::{Code, Problem};

/// A body that was understood.
pub struct Body<T> {
    pub value: T,
    /// Names what the client sent; equal for bodies that differ in spaces or the order of fields.
    pub digest: String,
}

/// The body of calls that need none.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: DeserializeOwned> FromRequest<Arc<ApiState>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<ApiState>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let limit = state.settings.max_body_bytes;
        let time = Duration::from_secs(state.settings.body_time_limit_s);
        if header(&parts.headers, CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let bytes = tokio::time::timeout(time, collect(body, limit))
            .await
            .map_err(|_| Problem::new(Code::SlowBody, format!("the body did not arrive within {} s", time.as_secs())))??;
        if let Some(said) = parts.extensions.get::<Said>() {
            said.hear(&bytes);
        }
        if !bytes.is_empty() {
            check_media_type(&parts.headers)?;
        }
        parse(&bytes)
    }
}

/// Reads one JSON object; `T` says which fields it may and must have.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    let text = if bytes.is_empty() { b"{}" } else { bytes };
    let whole: Value = serde_json::from_slice(text).map_err(|error| Problem::new(Code::MalformedJson, format!("not JSON: {error}")))?;
    if !whole.is_object() {
        return Err(Problem::new(Code::MalformedJson, format!("the body must be a JSON object, not {}", kind_of(&whole))));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        field_problem(if path == "." { "" } else { &path }, &error.inner().to_string())
    })?;
    Ok(Body { value, digest: hex(&Sha256::digest(whole.to_string())) })
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn collect(body: HttpBody, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Code::BadRequest, format!("the body was cut: {error}")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body is larger than {limit} bytes")).with_valid([format!("up to {limit} bytes")])
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Insisting on a JSON type also keeps plain HTML forms of other pages out.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse =
        |detail: String, name: &str| Err(Problem::new(Code::UnsupportedMediaType, detail).of_field(name).with_valid(["application/json"]));
    if let Some(encoding) = header(headers, CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return refuse(format!("a body encoded as `{encoding}` is not read; send it plain"), "Content-Encoding");
    }
    let Some(given) = header(headers, CONTENT_TYPE) else {
        return refuse("the header `content-type: application/json` is missing".to_owned(), "Content-Type");
    };
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    refuse(format!("the body is declared as `{essence}`"), "Content-Type")
}

/// Turns serde's words about a value into a problem that names the field and what is valid.
fn field_problem(path: &str, said: &str) -> Problem {
    let said = said.split(" at line ").next().unwrap_or(said);
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    if let (true, Some(missing)) = (said.starts_with("missing field"), quoted.first()) {
        let field = joined(path, missing);
        return Problem::new(Code::MissingField, format!("`{field}` is missing")).of_field(&field);
    }
    if let (true, Some((unknown, known))) = (said.starts_with("unknown field"), quoted.split_first()) {
        let field = if path.is_empty() { (*unknown).to_owned() } else { path.to_owned() };
        let known = known.iter().map(|name| (*name).to_owned());
        return Problem::new(Code::UnknownField, format!("`{field}` is not a field of this call")).of_field(&field).with_valid(known);
    }
    if said.starts_with("duplicate field") {
        let field = if path.is_empty() { quoted.first().copied().unwrap_or_default() } else { path };
        return Problem::invalid_field(field, format!("`{field}` is given twice"));
    }
    let (wrong, expected) = said.split_once(", expected ").unwrap_or((said, ""));
    let expected = in_plain_words(expected);
    let wrong = in_plain_words(wrong.trim_start_matches("invalid type: ").trim_start_matches("invalid value: "));
    if expected.is_empty() {
        return Problem::invalid_field(path, format!("`{path}`: {wrong}"));
    }
    Problem::invalid_field(path, format!("`{path}` must be {expected}, not {wrong}")).with_valid([expected])
}

fn joined(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn in_plain_words(said: &str) -> String {
    match said {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        said if said.starts_with("struct ") => "an object".to_owned(),
        said => said
            .replacen("string ", "the text ", 1)
            .replacen("integer ", "", 1)
            .replacen("floating point ", "", 1)
            .replacen("sequence", "a list", 1)
            .replacen("map", "an object", 1),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
