//! A connection in MCP, over HTTP or with a child process, whichever revision the server speaks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CancelledNotificationParam, ClientRequest, PaginatedRequestParams, ProgressNotificationParam,
    ProtocolVersion, RequestId, ServerResult, SubscriptionFilter, Tool,
};
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt, Peer, PeerRequestOptions, RunningService, ServiceError};
use rmcp::transport::DynamicTransportError;
use rmcp::transport::auth::AuthError;
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig, StreamableHttpError};
use rmcp::{RoleClient, model};
use serde_json::Value;
use tokio::task::JoinHandle;
use url::Url;

use super::asking;
use super::child::{self, LastWords};
use super::ear::Ear;
use super::held::MOST_HELD;
use super::link::{Answers, Definition, Fault, Heard, Link, Reply, ToolCall};
use super::oauth::{Keeper, Signed};
use super::setup::{Reach, Setup};
use crate::model::ApiKey;

/// More tools than this are not listed.
const MOST_TOOLS: usize = 5_000;
const MOST_PAGES: usize = 1_000;
/// Around a result there are a few words of the protocol.
const ENVELOPE_BYTES: usize = 64 * 1024;
/// How often a broken stream of one answer is taken up again, where the server lets it.
const RESUMPTIONS: usize = 5;
const RESUME_BASE: Duration = Duration::from_millis(200);
const RESUME_MOST: Duration = Duration::from_secs(3);
/// How far words on progress may be behind the answer.
const BEHIND: Duration = Duration::from_millis(50);
/// Between two attempts to hear of changes.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

pub struct McpLink {
    running: RunningService<RoleClient, Ear>,
    ear: Ear,
    /// Where the server is a program.
    last_words: Option<LastWords>,
    /// Hears of changes, where the revision wants a stream of its own for them.
    listening: Option<JoinHandle<()>>,
}

/// Why no connection came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoLink {
    /// Nothing answers, or it does not let us in.
    Fault(Fault),
    /// Something answers, and it does not speak MCP.
    NotMcp(String),
}

impl McpLink {
    pub async fn open(setup: &Setup, keeper: Option<&Arc<Keeper>>) -> Result<Self, NoLink> {
        let unreachable = |why| NoLink::Fault(Fault::NotSent(why));
        let ear = Ear::default();
        let lifecycle = || ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::LATEST], legacy_version: None };
        let (running, last_words) = match &setup.reach {
            Reach::Http { url, token, .. } => {
                let transport = || transport(url, token.as_ref(), keeper, setup).map_err(unreachable);
                let running = match ear.clone().serve_with_lifecycle(transport()?, lifecycle()).await {
                    // Some answer whatever they do not know with an empty result, and the older handshake is to be tried apart.
                    Err(error) if has_answered_oddly(&error) => {
                        ear.clone().older().serve_with_lifecycle(transport()?, ClientLifecycleMode::Initialize).await
                    }
                    served => served,
                };
                (running.map_err(|error| no_link(&error))?, None)
            }
            Reach::Command { program, args, env, around } => {
                let (child, words) = child::start(program, args, env, around).map_err(unreachable)?;
                let served = ear.clone().serve_with_lifecycle(child, lifecycle()).await;
                let running = served.map_err(|error| unreachable(format!("{}{}", innermost(&error), told(&words))))?;
                (running, Some(words))
            }
        };
        let listening = wants_stream(&running).then(|| tokio::spawn(listen(running.peer().clone(), ear.clone())));
        Ok(Self { running, ear, last_words, listening })
    }

    fn peer(&self) -> &Peer<RoleClient> {
        self.running.peer()
    }

    fn is_legacy(&self) -> bool {
        self.peer().peer_info().is_none_or(|info| info.protocol_version.has_initialize())
    }

    fn fault(&self, error: ServiceError) -> Fault {
        match (fault(error), &self.last_words) {
            (Fault::Broken(why), Some(words)) => Fault::Broken(format!("{why}{}", told(words))),
            (fault, _) => fault,
        }
    }
}

#[async_trait]
impl Link for McpLink {
    async fn list(&self) -> Result<Option<Vec<Definition>>, Fault> {
        let (mut found, mut cursor) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = PaginatedRequestParams::default().with_cursor(cursor.take());
            let listed = self.peer().list_tools(Some(page)).await.map_err(|error| self.fault(error))?;
            found.extend(listed.tools.into_iter().map(definition));
            cursor = listed.next_cursor;
            if cursor.is_none() || found.len() > MOST_TOOLS {
                break;
            }
        }
        found.truncate(MOST_TOOLS);
        Ok(Some(found))
    }

    async fn call(&self, call: ToolCall<'_>) -> Result<Reply, Fault> {
        let ToolCall { tool, args, hear, person } = call;
        let mut params = CallToolRequestParams::new(tool.to_owned()).with_arguments(args.clone());
        let mut options = PeerRequestOptions::no_options();
        let is_legacy = self.is_legacy();
        if !is_legacy {
            options = options.with_meta(asking::declared(person.is_some()));
        }
        if is_legacy {
            call.is_not_the_second()?;
        }
        if let Some(Answers { answers, state }) = person.map(|person| &person.said) {
            params.input_responses = (!answers.is_empty()).then(|| answers.clone().into_iter().collect());
            params.request_state = state.clone();
        }
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let sending = self.ear.under_way.sending().await;
        let sent = self.peer().send_request_with_option(request, options).await;
        let handle = sent.map_err(|error| self.fault(error))?;
        let _under_way = self.ear.under_way.put(handle.id.clone(), person.filter(|_| is_legacy).cloned());
        drop(sending);
        let mut abandoned = Abandoned { peer: self.peer().clone(), id: Some(handle.id.clone()) };
        let mut progress = self.ear.progress.subscribe(handle.progress_token.clone()).await;
        let mut answering = std::pin::pin!(handle.await_response());
        let tell = |heard: ProgressNotificationParam| {
            if let Some(hear) = hear {
                hear(Heard { done: heard.progress, total: heard.total, message: heard.message });
            }
        };
        let answer = loop {
            tokio::select! {
                biased;
                Some(heard) = progress.next() => tell(heard),
                answer = &mut answering => break answer,
            }
        };
        // What was said just before the answer may be a moment behind it, which matters only where somebody listens.
        while hear.is_some()
            && let Ok(Some(heard)) = tokio::time::timeout(BEHIND, progress.next()).await
        {
            tell(heard);
        }
        abandoned.id = None;
        match answer.map_err(|error| self.fault(error))? {
            ServerResult::CallToolResult(result) => {
                let content = result.content.iter().filter_map(|block| serde_json::to_value(block).ok()).collect();
                Ok(Reply { structured: result.structured_content, content, is_error: result.is_error == Some(true), asks: None })
            }
            ServerResult::InputRequiredResult(result) => {
                let asks = person.and_then(|_| asking::asks(result)).ok_or_else(|| Fault::Refused {
                    code: i64::from(model::ErrorCode::INVALID_REQUEST.0),
                    message: "the tool asks for something back, which nobody here can give".to_owned(),
                })?;
                Ok(Reply { asks: Some(asks), ..Reply::default() })
            }
            _ => Err(Fault::Odd("the server answers with something that is no result of a tool".to_owned())),
        }
    }

    async fn ping(&self) -> Result<(), Fault> {
        if !self.is_legacy() {
            // The revision has no ping.
            let meta = model::RequestMetaObject::default();
            return self.peer().discover(meta).await.map(drop).map_err(|error| self.fault(error));
        }
        let ping = ClientRequest::PingRequest(model::PingRequest::default());
        self.peer().send_request(ping).await.map(drop).map_err(|error| self.fault(error))
    }

    fn is_closed(&self) -> bool {
        self.running.is_closed() || self.peer().is_transport_closed()
    }

    fn has_changed(&self) -> bool {
        self.ear.has_changed()
    }

    fn spoken(&self) -> String {
        self.peer().peer_info().map_or_else(|| "MCP".to_owned(), |info| format!("MCP {}", info.protocol_version))
    }
}

impl Drop for McpLink {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }
}

/// Tells the server that nobody waits for an answer any more, unless one came.
struct Abandoned {
    peer: Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let peer = self.peer.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let params = CancelledNotificationParam::new(Some(id), Some("nobody waits for it any more".to_owned()));
                // Who is gone needs no telling.
                let _ = peer.notify_cancelled(params).await;
            });
        }
    }
}

fn transport(
    url: &Url,
    token: Option<&ApiKey>,
    keeper: Option<&Arc<Keeper>>,
    setup: &Setup,
) -> Result<StreamableHttpClientTransport<Signed>, String> {
    let client = super::plain_link::http_client(url, setup.connect_time)?;
    let mut resuming = ExponentialBackoff::default();
    resuming.max_times = Some(RESUMPTIONS);
    resuming.base_duration = RESUME_BASE;
    resuming.max_delay = Some(RESUME_MOST);
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        // Calls that are held have given their places to others, and may still be open requests.
        .max_concurrent_requests(setup.max_in_flight.saturating_add(MOST_HELD))
        .max_sse_event_size(setup.max_result_bytes.saturating_mul(2).saturating_add(ENVELOPE_BYTES));
    config.retry_config = Arc::new(resuming);
    if let Some(token) = token {
        config = config.auth_header(token.expose());
    }
    Ok(StreamableHttpClientTransport::with_client(Signed::new(client, keeper.cloned()), config))
}

fn wants_stream(running: &RunningService<RoleClient, Ear>) -> bool {
    let Some(info) = running.peer().peer_info() else { return false };
    let tells = info.capabilities.tools.as_ref().and_then(|tools| tools.list_changed) == Some(true);
    tells && !info.protocol_version.has_initialize()
}

/// Whatever was missed between two streams is found by looking anew.
async fn listen(peer: Peer<RoleClient>, ear: Ear) {
    while !peer.is_transport_closed() {
        if let Ok(mut subscription) = peer.listen(SubscriptionFilter::builder().tools_list_changed().build()).await {
            while let Ok(Some(_)) = subscription.next().await {
                ear.hear_change();
            }
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
        ear.hear_change();
    }
}

fn definition(tool: Tool) -> Definition {
    Definition {
        name: tool.name.into_owned(),
        title: tool.title,
        description: tool.description.map(std::borrow::Cow::into_owned),
        args: Value::Object((*tool.input_schema).clone()),
        output: tool.output_schema.map(|schema| Value::Object((*schema).clone())),
        annotations: tool.annotations.and_then(|annotations| serde_json::to_value(annotations).ok()),
    }
}

fn fault(error: ServiceError) -> Fault {
    match error {
        // The SDK's own words for answers that are lost with a session.
        ServiceError::McpError(error) if error.message.contains("session was re-initialized before") => {
            Fault::Broken(error.message.into_owned())
        }
        ServiceError::McpError(error) => Fault::Refused { code: error.code.0.into(), message: error.message.into_owned() },
        ServiceError::TransportSend(error) => of_transport(&error),
        ServiceError::UnexpectedResponse => Fault::Odd("the server answers with something that is no answer to the call".to_owned()),
        other => Fault::Broken(other.to_string()),
    }
}

type Http = StreamableHttpError<reqwest::Error>;

fn of_transport(error: &DynamicTransportError) -> Fault {
    let Some(http) = error.error.downcast_ref::<Http>() else { return Fault::Broken(innermost(error)) };
    match http {
        Http::Client(error) if error.is_connect() || error.is_builder() => Fault::NotSent(innermost(error)),
        Http::AuthRequired(_) => Fault::SignIn { scope: None },
        Http::InsufficientScope(refusal) => Fault::SignIn { scope: Some(refusal.required_scope.clone().unwrap_or_default()) },
        Http::Auth(AuthError::TokenRefreshFailed(why)) => Fault::NotSent(why.clone()),
        Http::Auth(AuthError::AuthorizationFailed(why)) => Fault::Unauthorized(why.clone()),
        Http::SessionExpired => Fault::NotSent(http.to_string()),
        Http::ResponseBodyTooLarge { .. } => Fault::TooLarge,
        Http::HttpStatus(error) => of_status(error.status, &http.to_string()),
        // The status stands in the text alone.
        Http::UnexpectedServerResponse(text) => {
            let status = text.strip_prefix("HTTP ").and_then(|rest| rest.get(..3)).and_then(|digits| digits.parse().ok());
            status.map_or_else(|| Fault::Broken(text.to_string()), |status| of_status(status, text))
        }
        _ => Fault::Broken(innermost(http)),
    }
}

/// A refusal with a status: below 500 the request was not carried out.
fn of_status(status: u16, text: &str) -> Fault {
    match status {
        401 => Fault::SignIn { scope: None },
        403 => Fault::Unauthorized(text.to_owned()),
        429 => Fault::NotSent(text.to_owned()),
        400..=499 => Fault::Refused { code: i64::from(status), message: text.to_owned() },
        _ => Fault::Broken(text.to_owned()),
    }
}

/// The question for the newer revision was answered, and neither with it nor with a refusal.
fn has_answered_oddly(error: &ClientInitializeError) -> bool {
    matches!(error, ClientInitializeError::ExpectedInitResult(_) | ClientInitializeError::ExpectedInitResponse(_))
}

fn no_link(error: &ClientInitializeError) -> NoLink {
    match error {
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => no_link(fallback),
        ClientInitializeError::TransportError { error, .. } => match of_transport(error) {
            fault @ (Fault::NotSent(_) | Fault::Unauthorized(_) | Fault::SignIn { .. }) => NoLink::Fault(fault),
            // The server went away, or answers in some other way.
            Fault::Broken(why) | Fault::Odd(why) | Fault::Refused { message: why, .. } => NoLink::NotMcp(why),
            Fault::TooLarge => NoLink::NotMcp("its answer is too large".to_owned()),
        },
        other => NoLink::NotMcp(other.to_string()),
    }
}

fn told(words: &LastWords) -> String {
    let said = words.said();
    if said.is_empty() { String::new() } else { format!("; it said: {said}") }
}

/// The innermost cause says most.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
