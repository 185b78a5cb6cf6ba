//! Errors of servers, in all the forms they come in: an object, a string, a list, a `detail`, a web page, nothing, or inside a 200.

use std::time::SystemTime;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::model::port::Error;
use crate::model::retry::Hint;
use crate::model::secret::ApiKey;

/// Of an error's text, this much is kept.
const TEXT_BYTES: usize = 2 << 10;

/// A server's "no", and what is left to do about it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub(super) struct Refusal {
    pub error: Error,
    pub hint: Option<Hint>,
    /// Absent where the server said nothing: not reached, cut off, silent.
    pub complaint: Option<Box<Complaint>>,
}

/// What a server said was wrong.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Complaint {
    pub status: u16,
    pub message: String,
    /// `code` and `type`, lower case, separated by a space.
    pub code: String,
    /// The parameter, or the names on the way to it.
    pub params: Vec<String>,
    /// Groq: the text that it did not accept as JSON.
    pub failed_generation: Option<String>,
}

impl Refusal {
    pub fn unheard(error: Error) -> Self {
        Self { error, hint: None, complaint: None }
    }

    pub fn from_response(status: u16, headers: &HeaderMap, body: &[u8], key: Option<&ApiKey>) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let complaint = Complaint::from_body(status, body, key);
        let hint = Hint::from_headers(header, SystemTime::now()).or_else(|| Hint::from_text(&complaint.message));
        Self { error: complaint.class(hint), hint, complaint: Some(Box::new(complaint)) }
    }

    /// The error inside of a 200, if there is one. A numeric code counts as the status.
    pub fn inside(answer: &Value, key: Option<&ApiKey>) -> Option<Self> {
        let error = answer.get("error").filter(|error| !error.is_null() && *error != &Value::Bool(false))?;
        let code = error.get("code").or_else(|| error.get("status"));
        let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
        let status = number.filter(|status| (400..600).contains(status)).map_or(200, |status| status as u16);
        let complaint = Complaint::from_value(status, answer, key);
        let hint = Hint::from_text(&complaint.message);
        Some(Self { error: complaint.class(hint), hint, complaint: Some(Box::new(complaint)) })
    }
}

impl Complaint {
    fn from_body(status: u16, body: &[u8], key: Option<&ApiKey>) -> Self {
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return Self::from_value(status, &value, key);
        }
        let text = String::from_utf8_lossy(body);
        let message = match text.trim() {
            "" => "the answer has no body".to_owned(),
            page if page.starts_with('<') => page_title(page),
            plain => plain.to_owned(),
        };
        Self { status, message: presentable(message, key), ..Self::default() }
    }

    fn from_value(status: u16, body: &Value, key: Option<&ApiKey>) -> Self {
        // Gemini wraps the object in a list.
        let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
        let inner = match body.get("error") {
            Some(Value::String(text)) => return Self { status, message: presentable(text.clone(), key), ..Self::default() },
            Some(error) if error.is_object() => error,
            _ => body,
        };
        let mut complaint = Self { status, ..Self::default() };
        let words = ["code", "type", "status"].iter().filter_map(|name| inner.get(*name)?.as_str());
        complaint.code = words.collect::<Vec<_>>().join(" ").to_lowercase();
        complaint.params.extend(inner.get("param").and_then(Value::as_str).map(str::to_owned));
        complaint.failed_generation = inner.get("failed_generation").and_then(Value::as_str).map(str::to_owned);
        let mut message = inner.get("message").or_else(|| inner.get("detail")).or_else(|| body.get("detail")).unwrap_or(&Value::Null);
        if let Some(detail) = message.get("detail") {
            message = detail;
        }
        complaint.message = match message {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().map(|item| complaint.take_detail(item)).collect::<Vec<_>>().join("; "),
            Value::Null => body.to_string(),
            other => other.to_string(),
        };
        if let Some(raw) = inner.pointer("/metadata/raw") {
            let raw = raw.as_str().map_or_else(|| raw.to_string(), str::to_owned);
            complaint.message = format!("{}: {raw}", complaint.message);
        }
        complaint.message = presentable(complaint.message, key);
        complaint
    }

    /// One item of pydantic's list: `{"loc": ["body", "n"], "msg": …, "type": "extra_forbidden"}`.
    fn take_detail(&mut self, item: &Value) -> String {
        let loc: Vec<String> = item
            .get("loc")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
            .collect();
        let said = item.get("msg").and_then(Value::as_str).map_or_else(|| item.to_string(), str::to_owned);
        let text = if loc.is_empty() { said } else { format!("{}: {said}", loc.join(".")) };
        self.params.extend(loc);
        text
    }

    /// Whether the server speaks of one of these parameters.
    pub fn names_any(&self, names: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        names.iter().any(|name| {
            let by_param = self.params.iter().any(|param| param == name || param.starts_with(&format!("{name}.")));
            by_param || has_word(&message, name)
        })
    }

    /// The parameter is known, and its value is too large.
    pub fn is_about_size(&self) -> bool {
        let message = self.message.to_lowercase();
        ["too large", "at most", "less than", "exceed", "greater than the max"].iter().any(|words| message.contains(words))
    }

    fn class(&self, hint: Option<Hint>) -> Error {
        let text = format!("{} {}", self.code, self.message.to_lowercase());
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let shown = if self.status == 200 { self.message.clone() } else { format!("{} {}", self.status, self.message) };
        let by_status = self.status;

        if says(&["content_filter", "content_policy", "content management policy", "responsibleaipolicy"]) {
            return Error::Filtered(shown);
        }
        let too_long =
            ["context_length", "exceed_context_size", "context length", "context window", "maximum context", "prompt is too long"];
        if by_status == 413 || (says(&too_long) && by_status != 429) {
            return Error::TooLong(shown);
        }
        if by_status == 402 || says(&["insufficient_quota", "billing_hard_limit", "insufficient balance", "credit balance is too low"]) {
            return Error::QuotaUsedUp(shown);
        }
        if by_status == 401 || by_status == 403 || says(&["invalid_api_key", "authentication_error"]) {
            return Error::Unauthorized(shown);
        }
        let limited = || Error::RateLimited { retry_after: hint.map(|Hint(wait)| wait) };
        match by_status {
            429 => limited(),
            200 if says(&["rate limit", "rate_limit", "too many requests"]) => limited(),
            200 if says(&["invalid_request", "unsupported"]) => Error::Refused(shown),
            200 | 408 | 409 | 425 | 500.. => Error::Unavailable(shown),
            _ => Error::Refused(shown),
        }
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(|c| is_part(c) && c != 's')
    })
}

fn page_title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|open| {
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        Some(page[start..end].trim().to_owned())
    });
    format!("a web page `{}`; check the base URL", title.unwrap_or_else(|| "without a title".to_owned()))
}

/// Bounded, in one line, without the key.
fn presentable(message: String, key: Option<&ApiKey>) -> String {
    let mut message = match key {
        Some(key) => key.redact(message),
        None => message,
    };
    message.truncate(message.floor_char_boundary(TEXT_BYTES));
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
