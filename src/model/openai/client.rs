//! One model of one server: sends a request in the form that the server takes, and learns that form from its refusals.

use std::sync::Arc;
use std::time::Instant;

use async_openai::error::OpenAIError;
use async_trait::async_trait;
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer;
use super::body::{Body, Knobs};
use super::endpoint::Endpoint;
use super::learnt::{Learning, Learnt};
use super::refusal::{Complaint, Refusal};
use super::transport::Transport;
use crate::model::json::read;
use crate::model::port::{Error, Finish, Reply, Request, Usage};
use crate::model::shapes::{Compiled, Shapes};
use crate::model::wire::{Failure, Wire};

/// Forms of one request that are tried before the refusal is believed.
const MAX_FORMS: u32 = 10;

/// A prompt of fewer tokens than this fits everywhere; smaller counts say nothing about a cut.
const CUT_FROM_TOKENS: usize = 1_500;

/// What the settings want of each call, where the request does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::model) struct Wishes {
    /// Goes before the request's.
    pub temperature_of_model: Option<f32>,
    pub temperature: Option<f32>,
    pub max_tokens: Option<u32>,
    /// The most that is asked for.
    pub max_tokens_of_model: Option<u32>,
    pub stream: bool,
}

pub(in crate::model) struct Client {
    api: async_openai::Client<Endpoint>,
    endpoint: Endpoint,
    name: String,
    wishes: Wishes,
    learning: Arc<Learning>,
    shapes: Arc<Shapes>,
}

impl Client {
    pub fn new(
        name: String,
        endpoint: Endpoint,
        http: reqwest::Client,
        transport: Transport,
        wishes: Wishes,
        learning: Arc<Learning>,
        shapes: Arc<Shapes>,
    ) -> Self {
        let api = async_openai::Client::build(http, endpoint.clone())
            .with_http_service(tower::service_fn(move |request| transport.clone().send(request)));
        Self { api, endpoint, name, wishes, learning, shapes }
    }

    fn knobs(&self, request: &Request) -> Knobs {
        let wishes = &self.wishes;
        let known = || self.endpoint.takes_temperature().then_some(0.2);
        let max_tokens = request.max_tokens.or(wishes.max_tokens).or(wishes.max_tokens_of_model);
        Knobs {
            temperature: wishes.temperature_of_model.or(request.temperature).or(wishes.temperature).or_else(known),
            max_tokens: max_tokens.map(|wanted| wanted.min(wishes.max_tokens_of_model.unwrap_or(wanted))),
            stream: wishes.stream,
        }
    }

    async fn exchange(&self, body: &Body<'_>) -> Result<Value, Refusal> {
        let raw: Box<RawValue> = self.api.chat().create_byot(body).await.map_err(refusal)?;
        let answer = serde_json::from_str::<Value>(raw.get())
            .map_err(|error| Refusal::unheard(Error::Unavailable(format!("the answer is nested too deep: {error}"))))?;
        match Refusal::inside(&answer, self.endpoint.key.as_ref()) {
            Some(refusal) => Err(refusal),
            None => Ok(answer),
        }
    }

    /// What to say where the request is worth sending in another form; the answer, where the refusal holds it.
    fn learn(&self, refusal: &Refusal, learnt: Learnt, body: &Body<'_>, compiled: &Compiled, repeated: &mut bool) -> Next {
        let Some(complaint) = &refusal.complaint else { return Next::Fail };
        if let Some(text) = salvage(complaint, compiled) {
            return Next::Take(text);
        }
        if complaint.code.contains("json_validate_failed") {
            if !std::mem::replace(repeated, true) {
                return Next::Again(None);
            }
            return self.learning.step_down(learnt).map_or(Next::Fail, |remark| Next::Again(Some(remark)));
        }
        match &refusal.error {
            Error::Refused(_) | Error::Unavailable(_) => {
                self.learning.refused(learnt, body.sent(), complaint).map_or(Next::Fail, |remark| Next::Again(Some(remark)))
            }
            _ => Next::Fail,
        }
    }
}

enum Next {
    Again(Option<String>),
    Take(String),
    Fail,
}

#[async_trait]
impl Wire for Client {
    async fn reply(&self, request: &Request) -> Result<Reply, Failure> {
        let begun = Instant::now();
        let compiled = self.shapes.compiled(&request.shape).map_err(Failure::new)?;
        let knobs = self.knobs(request);
        let mut remarks = Vec::new();
        let mut repeated = false;
        let mut attempts = 0;
        loop {
            let learnt = self.learning.now();
            let body = Body::new(request, self.endpoint.model.as_deref(), &compiled, knobs, learnt);
            attempts += 1;
            let refusal = match self.exchange(&body).await {
                Ok(answer) => {
                    let answer = answer::from_body(&answer, &compiled).map_err(|error| Failure { error, hint: None, attempts })?;
                    remarks.extend(answer.remark.map(str::to_owned));
                    remarks.extend(cut_prompt(body.length(), &answer.usage));
                    let answer::Answer { text, finish, usage, model, .. } = answer;
                    let model = model.unwrap_or_else(|| self.name.clone());
                    return Ok(Reply { text, finish, usage, model, attempts, duration: begun.elapsed(), remarks });
                }
                Err(refusal) => refusal,
            };
            match self.learn(&refusal, learnt, &body, &compiled, &mut repeated) {
                Next::Again(remark) if attempts < MAX_FORMS => remarks.extend(remark),
                Next::Take(text) => {
                    remarks.push("the server refused its own answer, which was usable".to_owned());
                    let (model, usage) = (self.name.clone(), Usage::default());
                    return Ok(Reply { text, finish: Finish::Stop, usage, model, attempts, duration: begun.elapsed(), remarks });
                }
                Next::Again(_) | Next::Fail => return Err(Failure { error: refusal.error, hint: refusal.hint, attempts }),
            }
        }
    }
}

/// The text that a server did not accept as JSON may be good enough all the same.
fn salvage(complaint: &Complaint, compiled: &Compiled) -> Option<String> {
    complaint.failed_generation.as_ref().filter(|text| read(text, compiled).is_ok()).cloned()
}

fn refusal(error: OpenAIError) -> Refusal {
    match error {
        OpenAIError::Boxed(inner) => match inner.downcast::<Refusal>() {
            Ok(refusal) => *refusal,
            Err(other) => Refusal::unheard(Error::Unavailable(other.to_string())),
        },
        OpenAIError::Reqwest(error) => Refusal::unheard(Error::Unreachable(error.without_url().to_string())),
        other => Refusal::unheard(Error::Refused(other.to_string())),
    }
}

/// Some servers cut a long prompt without a word; their count of its tokens gives it away.
fn cut_prompt(length: usize, usage: &Usage) -> Option<String> {
    let estimate = length / 4;
    let counted = usage.prompt_tokens as usize;
    (estimate >= CUT_FROM_TOKENS && counted > 0 && counted < estimate / 2)
        .then(|| format!("the server counted {counted} tokens of a prompt of about {estimate}; it may have cut it"))
}
