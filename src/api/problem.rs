//! Errors as clients see them: RFC 9457 problem documents, everywhere and for everything.

use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

pub use super::code::Code;
use crate::domain::Answer;
use crate::{engine, store};

pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    /// The field, parameter or header as the client wrote it; `budget.tokens` for one inside another.
    pub field: Option<String>,
    /// What would have been valid.
    pub valid: Vec<String>,
    /// The answer that stands, where a second one came.
    pub first: Option<Answer>,
    /// When it is worth trying again.
    pub retry_after_s: Option<u16>,
}

/// The JSON of a problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(title = "Problem")]
pub struct Document {
    /// `/errors/<code>`: a page that says what happened and what to do.
    pub r#type: String,
    pub title: String,
    pub status: u16,
    /// What was wrong with this request.
    pub detail: String,
    /// Stable; what programs compare.
    pub code: String,
    /// The field, parameter or header that was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What would have been valid, one item a possibility.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub valid: Vec<String>,
    /// With `answered_before`: the answer that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Answer>,
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), field: None, valid: Vec::new(), first: None, retry_after_s: None }
    }

    pub fn invalid_field(field: &str, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidField, detail).of_field(field)
    }

    pub fn invalid_parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameter, detail).of_field(name)
    }

    /// Nothing of the cause goes to the client; whoever makes this has logged it.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "something failed inside the server; its log has the cause under this answer's `x-request-id`")
    }

    /// An error that was answered below our handlers, with no more known than its status.
    pub fn of_status(status: StatusCode, allow: Option<&HeaderValue>) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(Code::NoSuchPath, "there is nothing under this path; `/docs` shows what there is"),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(allow),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Code::BodyTooLarge, "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(Code::UnsupportedMediaType, "the body must be `application/json`"),
            status if status.is_server_error() => Self::internal(),
            _ => Self::new(Code::BadRequest, "the request cannot be understood; `/docs` shows how each call is made"),
        }
    }

    pub fn of_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    pub fn with_valid<T: Into<String>>(mut self, valid: impl IntoIterator<Item = T>) -> Self {
        self.valid = valid.into_iter().map(Into::into).collect();
        self
    }

    pub fn after_seconds(mut self, seconds: u16) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub fn document(&self) -> Document {
        Document {
            r#type: format!("/errors/{}", self.code.name()),
            title: self.code.title().to_owned(),
            status: self.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code.name().to_owned(),
            field: self.field.clone(),
            valid: self.valid.clone(),
            first: self.first.clone(),
        }
    }

    fn method_not_allowed(allow: Option<&HeaderValue>) -> Self {
        let methods: Vec<String> = allow
            .and_then(|value| value.to_str().ok())
            .map(|list| list.split(',').map(|method| method.trim().to_owned()).filter(|method| !method.is_empty()).collect())
            .unwrap_or_default();
        Self::new(Code::MethodNotAllowed, format!("this path takes {}", methods.join(", "))).with_valid(methods)
    }

    /// The header that belongs to a code.
    fn headers(&self) -> Option<(HeaderName, HeaderValue)> {
        match self.code {
            Code::Unauthorized => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"fathom\""))),
            Code::MissingScope => {
                let scopes = self.valid.join(" ");
                let challenge = format!("Bearer realm=\"fathom\", error=\"insufficient_scope\", scope=\"{scopes}\"");
                Some((WWW_AUTHENTICATE, HeaderValue::try_from(challenge).ok()?))
            }
            Code::TooManyCalls => Some((RETRY_AFTER, HeaderValue::from(self.retry_after_s.unwrap_or(1)))),
            Code::Stopping | Code::NotReady | Code::RunMoved => Some((RETRY_AFTER, HeaderValue::from_static("2"))),
            // What is left of the body is not read, so nothing else can come on this connection.
            Code::BodyTooLarge | Code::SlowBody => Some((CONNECTION, HeaderValue::from_static("close"))),
            Code::MethodNotAllowed => Some((ALLOW, HeaderValue::try_from(self.valid.join(",")).ok()?)),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let text = serde_json::to_string(&self.document()).expect("a problem is plain data and always serialises");
        let mut response = (self.status(), text).into_response();
        response.extensions_mut().insert(self.code);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.headers());
        response
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        use engine::Error as E;
        let detail = error.to_string();
        match error {
            E::NoSuchRun(_) => Self::new(Code::NoSuchRun, detail),
            E::RunEnded { .. } => Self::new(Code::RunEnded, detail),
            E::NoSuchQuestion { open, .. } => Self::new(Code::NoSuchQuestion, detail).with_valid(open),
            E::AnsweredBefore { first, .. } => Self { first: Some(first), ..Self::new(Code::AnsweredBefore, detail) },
            E::NoSuchOption { options, .. } => Self::new(Code::NoSuchOption, detail).of_field("option").with_valid(options),
            E::WrongState { .. } => Self::new(Code::WrongState, detail),
            E::Invalid { field, .. } if field == "after" || field == "limit" => Self::invalid_parameter(&field, detail),
            E::Invalid { field, .. } => Self::invalid_field(&field, detail),
            E::KeyMisused => Self::new(Code::KeyMisused, detail).of_field("Idempotency-Key"),
            E::BeyondHead { head, .. } => Self::new(Code::BeyondHead, detail).of_field("after").with_valid([format!("0 to {head}")]),
            E::Stopping => Self::new(Code::Stopping, detail),
            E::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let detail = error.to_string();
        match error {
            E::NoSuchRun(_) => Self::new(Code::NoSuchRun, detail),
            E::BadPageToken(_) => Self::invalid_parameter("after", detail),
            E::Fenced(_) => Self::new(Code::RunMoved, detail),
            E::Full(_) => Self::new(Code::DiskFull, detail),
            E::ReadOnly(_) => Self::new(Code::DataFolderReadOnly, detail),
            E::Failed(_) | E::Corrupt(_) | E::Locked { .. } | E::Newer { .. } | E::NotADatabase(_) | E::Unusable { .. } => {
                tracing::error!(error = %detail, "the store failed a request");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests;
