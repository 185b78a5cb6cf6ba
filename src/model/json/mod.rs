//! Strict JSON from a model that may chat, fence, cut and err: unwrapped, validated, and mended once by the model itself.

mod again;
mod mend;
mod unwrap;

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::port::{Error, Finish, Model, Reply, Request, Usage};
use super::shapes::{Compiled, Shapes};
pub(super) use unwrap::{Unusable, read};

/// Characters of an unusable answer that are kept with its error.
const RAW_BYTES: usize = 4 << 10;

/// The least that an answer cut at the limit of tokens gets in the second turn.
const RAISED_TOKENS: u32 = 2_048;

/// A usable answer and what it took, all turns together.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked<T> {
    pub value: T,
    /// The model that answered last.
    pub model: String,
    /// Turns that were answered: one, and one more where the answer had to be mended.
    pub calls: u32,
    /// Requests on the wire, refused and repeated ones included.
    pub attempts: u32,
    pub usage: Usage,
    pub duration: Duration,
    pub remarks: Vec<String>,
}

/// Asks for a value of the request's shape. An answer that was cut is asked for once more with a higher limit of tokens;
/// an unusable one is mended in one more turn. `time_limit` bounds all turns together.
pub async fn ask<T: DeserializeOwned>(model: &dyn Model, mut request: Request) -> Result<Asked<T>, Error> {
    let compiled = match model.shapes() {
        Some(shapes) => shapes.compiled(&request.shape)?,
        None => Shapes::default().compiled(&request.shape)?,
    };
    let mut talk = Talk::begin(model, request.time_limit);

    let mut reply = talk.turn(&mut request).await?;
    if reply.finish == Finish::Length {
        talk.remarks.push("the answer was cut at the limit of tokens; asked again with a higher one".to_owned());
        request.max_tokens = Some(raised(&request, &reply));
        reply = match talk.turn(&mut request).await {
            Ok(second) if second.finish == Finish::Stop => second,
            Ok(_) | Err(_) => return Err(Error::Cut { raw: bounded(reply.text), usage: talk.usage }),
        };
    }
    let problem = match usable(&reply.text, &compiled) {
        Ok(value) => return Ok(talk.end(value, reply.model)),
        Err(problem) => problem,
    };

    talk.remarks.push(format!("the answer was mended by the model: {}", problem.reason()));
    let mut mending = again::request(request, &problem, &compiled);
    let garbled = |reason: String, usage: Usage| Error::Garbled { reason, raw: bounded(reply.text.clone()), usage };
    let second = match talk.turn(&mut mending).await {
        Ok(second) if second.finish == Finish::Stop => second,
        Ok(cut) => return Err(Error::Cut { raw: bounded(cut.text), usage: talk.usage }),
        Err(error) => return Err(garbled(format!("{}; the turn to mend it failed: {error}", problem.reason()), talk.usage)),
    };
    match usable_or_salvaged(&second.text, &compiled, problem.ended_early()) {
        Ok((value, dropped)) => {
            if dropped > 0 {
                talk.remarks.push(format!("{dropped} unfinished items at the end of a cut answer were dropped"));
            }
            Ok(talk.end(value, second.model))
        }
        Err(still) => {
            let raw = if reply.text.trim().is_empty() { second.text } else { reply.text };
            let reason = format!("{}; after mending: {}", problem.reason(), still.reason());
            Err(Error::Garbled { reason, raw: bounded(raw), usage: talk.usage })
        }
    }
}

/// The turns of one `ask`, and what they add up to.
struct Talk<'a> {
    model: &'a dyn Model,
    begun: Instant,
    deadline: Instant,
    calls: u32,
    attempts: u32,
    usage: Usage,
    remarks: Vec<String>,
}

impl<'a> Talk<'a> {
    fn begin(model: &'a dyn Model, limit: Duration) -> Self {
        let begun = Instant::now();
        Self { model, begun, deadline: begun + limit, calls: 0, attempts: 0, usage: Usage::default(), remarks: Vec::new() }
    }

    async fn turn(&mut self, request: &mut Request) -> Result<Reply, Error> {
        request.time_limit = self.deadline.saturating_duration_since(Instant::now());
        let mut reply = self.model.reply(request).await?;
        self.calls += 1;
        self.attempts += reply.attempts;
        self.usage += reply.usage;
        self.remarks.append(&mut reply.remarks);
        Ok(reply)
    }

    fn end<T>(self, value: T, model: String) -> Asked<T> {
        let Self { calls, attempts, usage, remarks, begun, .. } = self;
        Asked { value, model, calls, attempts, usage, duration: begun.elapsed(), remarks }
    }
}

fn raised(request: &Request, cut: &Reply) -> u32 {
    let used = u32::try_from(cut.usage.answer_tokens).unwrap_or(u32::MAX);
    request.max_tokens.unwrap_or(used).saturating_mul(2).max(RAISED_TOKENS)
}

fn usable<T: DeserializeOwned>(text: &str, compiled: &Compiled) -> Result<T, Unusable> {
    into(read(text, compiled)?)
}

/// After a turn that mended a text which ended early, the item in which it ended may still be incomplete.
fn usable_or_salvaged<T: DeserializeOwned>(text: &str, compiled: &Compiled, ended_early: bool) -> Result<(T, usize), Unusable> {
    let problem = match usable(text, compiled) {
        Ok(value) => return Ok((value, 0)),
        Err(problem) => problem,
    };
    match problem.value() {
        Some(value) if ended_early => match mend::without_unfinished(value.clone(), compiled) {
            Some((value, dropped)) => into(value).map(|value| (value, dropped)),
            None => Err(problem),
        },
        _ => Err(problem),
    }
}

fn into<T: DeserializeOwned>(value: Value) -> Result<T, Unusable> {
    T::deserialize(&value).map_err(|error| Unusable::Mismatch { reason: error.to_string(), value: Value::Null })
}

fn bounded(mut raw: String) -> String {
    if raw.len() > RAW_BYTES {
        raw.truncate(raw.floor_char_boundary(RAW_BYTES));
        raw.push('…');
    }
    raw
}

#[cfg(test)]
mod tests;
