//! One remote server: a connection that is made when it is needed and made again when it is lost, and calls within bounds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::Rng;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::connect::connect;
use super::definition::{Acceptance, RemoteTool, hash};
use super::error::Error;
use super::held::HeldCalls;
use super::link::{Definition, Fault, Hear, Link, Reply, ToolCall};
use super::oauth::Keeper;
use super::person::{Late, Person, in_time};
use super::setup::Setup;
use crate::model::breaker::{Breaker, Verdict};
use crate::store::{RemoteCallRow, RemoteToolRow, Store, clock};
use crate::tools::Effect;

/// No wait between two attempts is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const UNDER_WAY: &str = "it is under way, or the process ended before an answer came";

pub struct RemoteServer {
    setup: Setup,
    store: Arc<dyn Store>,
    /// Of its tokens, where one can sign in to it.
    keeper: Option<Arc<Keeper>>,
    /// Whoever holds it connects for all who wait.
    link: tokio::sync::Mutex<Option<Arc<dyn Link>>>,
    /// What was found out of its form.
    is_plain: AtomicBool,
    places: Semaphore,
    held: HeldCalls,
    breaker: Breaker,
    listed: Mutex<Listed>,
    last_failure: Mutex<Option<String>>,
}

/// What is known of the server's tools.
#[derive(Clone, Default)]
enum Listed {
    #[default]
    Unknown,
    /// The server does not tell them.
    Untold,
    Tools(Arc<Vec<Definition>>),
}

/// How a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// What is spoken with it.
    Up {
        spoken: String,
    },
    Down {
        reason: String,
    },
}

/// What one kind of call may do after a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// It only reads.
    Always,
    /// Only where it was certainly not sent.
    Unsent,
}

/// Why a series of attempts has ended without an answer.
enum Given {
    Error(Error),
    /// It was sent, and no answer came.
    Lost(String),
}

impl RemoteServer {
    pub fn new(setup: Setup, store: Arc<dyn Store>, keeper: Option<Keeper>) -> Self {
        Self {
            places: Semaphore::new(setup.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            held: HeldCalls::new(setup.hold_time),
            breaker: Breaker::new(setup.breaker_failures, setup.breaker_open),
            link: tokio::sync::Mutex::new(None),
            is_plain: AtomicBool::new(false),
            listed: Mutex::default(),
            last_failure: Mutex::default(),
            keeper: keeper.map(Arc::new),
            setup,
            store,
        }
    }

    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(super) fn held(&self) -> &HeldCalls {
        &self.held
    }

    pub(super) fn keeper(&self) -> Option<&Arc<Keeper>> {
        self.keeper.as_ref()
    }

    pub(super) fn login(&self) -> Result<&Arc<Keeper>, Error> {
        let why = "it has a fixed token, is a program, or speaks no MCP";
        self.keeper().ok_or_else(|| Error::LoginFailed { server: self.setup.name.clone(), reason: why.to_owned() })
    }

    /// Whether there is a token from signing in.
    pub async fn is_signed_in(&self) -> bool {
        match self.keeper() {
            Some(keeper) => keeper.is_signed_in().await.unwrap_or(false),
            None => false,
        }
    }

    /// Asks the server whether it is there.
    pub async fn state(&self) -> State {
        let asked = self.carry("ping", Repeat::Always, None, |link| async move { link.ping().await.map(|()| link.spoken()) }).await;
        match asked.map_err(|given| self.error(given)) {
            Ok(spoken) => State::Up { spoken },
            Err(error) => State::Down { reason: error.to_string() },
        }
    }

    /// Its tools, each with whether its definition is the accepted one; none where the server does not tell them.
    pub async fn tools(&self) -> Result<Option<Vec<RemoteTool>>, Error> {
        let Some(definitions) = self.definitions().await? else { return Ok(None) };
        let accepted = self.accepted(&definitions).await?;
        let tool = |definition: &Definition| {
            let is_accepted = accepted.iter().any(|row| row.tool == definition.name && row.hash == hash(definition));
            let acceptance = if is_accepted { Acceptance::Accepted } else { Acceptance::Changed };
            RemoteTool::new(&self.setup, definition.clone(), acceptance)
        };
        Ok(Some(definitions.iter().map(tool).collect()))
    }

    /// Accepts the definitions of all tools, or of one, as they are now; those that were changed.
    pub async fn accept(&self, tool: Option<&str>) -> Result<Vec<String>, Error> {
        self.forget_tools();
        let tools = self.tools().await?.unwrap_or_default();
        if let Some(name) = tool.filter(|name| !tools.iter().any(|tool| tool.name == *name)) {
            return Err(self.no_such_tool(name, &tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>()));
        }
        let chosen = tools.iter().filter(|found| tool.is_none_or(|name| found.name == name) && found.acceptance == Acceptance::Changed);
        let rows: Vec<RemoteToolRow> = chosen.map(|tool| self.row(&tool.name, tool.hash.clone())).collect();
        let names = rows.iter().map(|row| row.tool.clone()).collect();
        self.store.put_remote_tools(rows).await?;
        Ok(names)
    }

    /// Calls a tool by its effect: one that only reads is repeated where the connection breaks, any other is sent once.
    pub async fn call(&self, tool: &str, args: &Map<String, Value>, hear: Option<&Hear>) -> Result<Reply, Error> {
        self.by_effect(ToolCall { tool, args, hear, person: None }).await
    }

    /// Calls a tool that the caller knows to read only, whatever the server says of it.
    pub async fn call_to_read(&self, tool: &str, args: &Map<String, Value>) -> Result<Reply, Error> {
        self.callable(tool).await?;
        self.read(ToolCall { tool, args, hear: None, person: None }).await
    }

    pub(super) async fn by_effect(&self, call: ToolCall<'_>) -> Result<Reply, Error> {
        let effect = match self.callable(call.tool).await? {
            Some(tool) => tool.effect,
            None => self.setup.effects.get(call.tool).copied().unwrap_or(Effect::Mutate),
        };
        match effect {
            Effect::Read => self.read(call).await,
            Effect::Record | Effect::Mutate => self.change(call).await,
        }
    }

    async fn read(&self, call: ToolCall<'_>) -> Result<Reply, Error> {
        let called = self.carry(call.tool, Repeat::Always, call.person.map(Arc::as_ref), |link| async move { link.call(call).await }).await;
        self.bounded(call.tool, called.map_err(|given| self.error(given))?)
    }

    /// On record from before it is sent until it is answered, so that nothing, not even the end of this process, lets it be forgotten.
    async fn change(&self, call: ToolCall<'_>) -> Result<Reply, Error> {
        let ToolCall { tool, args, .. } = call;
        let id = format!("call_{}", uuid::Uuid::now_v7().simple());
        let row = RemoteCallRow {
            id: id.clone(),
            server: self.setup.name.clone(),
            tool: tool.to_owned(),
            arguments: Value::Object(args.clone()).to_string(),
            reason: UNDER_WAY.to_owned(),
            at: clock::now(),
        };
        self.store.put_remote_call(row.clone()).await?;
        let called = self.carry(tool, Repeat::Unsent, call.person.map(Arc::as_ref), |link| async move { link.call(call).await }).await;
        if let Err(Given::Lost(reason)) = called {
            let reason = self.redacted(reason);
            self.store.put_remote_call(RemoteCallRow { reason: reason.clone(), ..row }).await?;
            return Err(Error::Ambiguous { server: self.setup.name.clone(), tool: tool.to_owned(), id, reason });
        }
        self.store.remove_remote_call(&id).await?;
        self.bounded(tool, called.map_err(|given| self.error(given))?)
    }

    /// Attempts within the time of one call, with growing waits between them.
    async fn carry<T, F>(&self, what: &str, repeat: Repeat, person: Option<&Person>, ask: impl Fn(Arc<dyn Link>) -> F) -> Result<T, Given>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut until = Instant::now() + self.setup.call_time;
        let mut attempt = 1;
        loop {
            let pass = self.breaker.admit().map_err(|wait| Given::Error(Error::Suspended { server: self.setup.name.clone(), wait }))?;
            let pass = Mutex::new(Some(pass));
            let report = |verdict| {
                if let Some(pass) = pass.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    pass.report(verdict);
                }
            };
            let was_sent = AtomicBool::new(false);
            let asking = async {
                let place = self.places.acquire().await.expect("the places are never closed");
                let link = self.link().await?;
                was_sent.store(true, Ordering::Relaxed);
                let Some(person) = person else { return ask(link).await };
                // From here on it may wait for a person for minutes. A few such calls would take all places from those that wait for nobody, so it
                // gives its own back for good; how many are held has a bound of its own. And who asks is alive: nobody waits for this probe.
                let give_back = || {
                    drop(place);
                    report(Verdict::Alive);
                };
                person.at_the_first_question(ask(link), give_back).await
            };
            let answered = in_time(&mut until, person, asking).await;
            let fault = match answered {
                Ok(Ok(answer)) => {
                    report(Verdict::Alive);
                    self.note(None);
                    return Ok(answer);
                }
                Ok(Err(fault)) => fault,
                Err(Late) => {
                    report(Verdict::Failed);
                    let error = Error::TimedOut { server: self.setup.name.clone(), what: what.to_owned(), time: self.setup.call_time };
                    self.note(Some(&error));
                    let is_lost = was_sent.load(Ordering::Relaxed) && repeat == Repeat::Unsent;
                    return Err(if is_lost { Given::Lost(error.to_string()) } else { Given::Error(error) });
                }
            };
            let is_away = matches!(fault, Fault::NotSent(_) | Fault::Broken(_));
            report(if is_away { Verdict::Failed } else { Verdict::Alive });
            if is_away {
                self.drop_link().await;
            }
            let may_have_happened = was_sent.load(Ordering::Relaxed) && matches!(fault, Fault::Broken(_) | Fault::Odd(_));
            if may_have_happened && repeat == Repeat::Unsent {
                let error = self.of_fault(what, fault);
                self.note(Some(&error));
                return Err(Given::Lost(error.to_string()));
            }
            let wait = self.wait(attempt);
            // What a person has answered once they are not asked again behind their back.
            let is_settled = !is_away || person.is_some_and(Person::was_asked);
            if is_settled || attempt >= self.setup.attempts || Instant::now() + wait >= until {
                let error = self.of_fault(what, fault);
                self.note(Some(&error));
                return Err(Given::Error(error));
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// The connection, made where there is none.
    async fn link(&self) -> Result<Arc<dyn Link>, Fault> {
        let mut place = self.link.lock().await;
        if let Some(link) = place.as_ref().filter(|link| !link.is_closed()) {
            return Ok(link.clone());
        }
        *place = None;
        let connecting = tokio::time::timeout(self.setup.connect_time, connect(&self.setup, self.keeper.as_ref(), &self.is_plain)).await;
        let late = || Fault::NotSent(format!("it did not agree on anything within {} ms", self.setup.connect_time.as_millis()));
        let link = connecting.map_err(|_| late())??;
        // What was known is of the time before.
        self.forget_tools();
        *place = Some(link.clone());
        Ok(link)
    }

    async fn drop_link(&self) {
        self.link.lock().await.take();
    }

    async fn definitions(&self) -> Result<Option<Arc<Vec<Definition>>>, Error> {
        let has_changed = self.link.lock().await.as_ref().is_some_and(|link| link.has_changed());
        if has_changed {
            self.forget_tools();
        }
        match self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Listed::Tools(tools) => return Ok(Some(tools)),
            Listed::Untold => return Ok(None),
            Listed::Unknown => {}
        }
        let found = self.carry("tools/list", Repeat::Always, None, |link| async move { link.list().await }).await;
        let listed = match found.map_err(|given| self.error(given))? {
            Some(tools) => Listed::Tools(Arc::new(tools)),
            None => Listed::Untold,
        };
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = listed.clone();
        Ok(match listed {
            Listed::Tools(tools) => Some(tools),
            Listed::Untold | Listed::Unknown => None,
        })
    }

    /// What is accepted of these tools. A tool that was never seen is accepted as it is now: naming the server was the person's word for it.
    async fn accepted(&self, definitions: &[Definition]) -> Result<Vec<RemoteToolRow>, Error> {
        let mut rows = self.store.remote_tools(&self.setup.name).await?;
        let unseen = definitions.iter().filter(|definition| !rows.iter().any(|row| row.tool == definition.name));
        let fresh: Vec<RemoteToolRow> = unseen.map(|definition| self.row(&definition.name, hash(definition))).collect();
        if !fresh.is_empty() {
            self.store.put_remote_tools(fresh.clone()).await?;
            rows.extend(fresh);
        }
        Ok(rows)
    }

    /// The tool, where it is as it was accepted; none where the server does not tell its tools.
    async fn callable(&self, name: &str) -> Result<Option<RemoteTool>, Error> {
        let Some(tools) = self.tools().await? else { return Ok(None) };
        match tools.iter().find(|tool| tool.name == name) {
            Some(tool) if tool.acceptance == Acceptance::Changed => {
                Err(Error::Changed { server: self.setup.name.clone(), tool: name.to_owned() })
            }
            Some(tool) => Ok(Some(tool.clone())),
            None => Err(self.no_such_tool(name, &tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>())),
        }
    }

    pub(super) fn bounded(&self, tool: &str, reply: Reply) -> Result<Reply, Error> {
        let size = |value: &Value| value.to_string().len();
        let bytes: usize = reply.structured.iter().chain(&reply.content).map(size).sum();
        // A result may stand there twice, as data and as text.
        let most = self.setup.max_result_bytes;
        let asked: usize = reply.asks.iter().flat_map(|asks| &asks.questions).map(|ask| ask.message.len() + size(&ask.schema)).sum();
        let is_too_large = reply.structured.as_ref().map_or(bytes, size).max(asked) > most;
        if is_too_large { Err(Error::TooLarge { server: self.setup.name.clone(), tool: tool.to_owned(), most }) } else { Ok(reply) }
    }

    fn error(&self, given: Given) -> Error {
        match given {
            Given::Error(error) => error,
            Given::Lost(reason) => Error::Unavailable { server: self.setup.name.clone(), reason: self.redacted(reason) },
        }
    }

    fn row(&self, tool: &str, hash: String) -> RemoteToolRow {
        RemoteToolRow { server: self.setup.name.clone(), tool: tool.to_owned(), hash, accepted_at: clock::now() }
    }

    fn forget_tools(&self) {
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Listed::Unknown;
    }

    /// A server that goes away is told once, and once that it is back.
    fn note(&self, failure: Option<&Error>) {
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let now = failure.map(ToString::to_string);
        match (&*last, &now) {
            (None, Some(reason)) => tracing::warn!(server = %self.setup.name, %reason, "a remote server fails"),
            (Some(_), None) => tracing::info!(server = %self.setup.name, "a remote server answers again"),
            _ => {}
        }
        *last = now;
    }

    /// Doubles with each attempt; spread, so that those who wait together do not come back together.
    fn wait(&self, attempt: u32) -> Duration {
        let doubled = self.setup.retry_base.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_WAIT);
        doubled.mul_f64(rand::rng().random_range(0.5..1.0))
    }
}
