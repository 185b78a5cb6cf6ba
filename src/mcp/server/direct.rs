//! Calls of tools that are answered here, without the tasks and channels that the SDK makes for a request so that it could also ask its
//! client, tell of progress, be resumed and be cancelled from beside. Where a call may want one of these, or is in any way not as it
//! should be, the SDK gets it, which knows how to carry it out and how to refuse it.

use std::borrow::Cow;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rmcp::RoleServer;
use rmcp::model::{ClientCapabilities, Implementation, JsonRpcMessage, ProtocolVersion, RequestId, ServerResult};
use rmcp::service::TxJsonRpcMessage;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Server;
use super::answers::Failed;
use super::handler::unbroken;
use crate::tools::{Effect, Sight, groups};

const METHOD: &str = "tools/call";
const VERSION_HEADER: &str = "mcp-protocol-version";
const PARAMETERS: &str = "mcp-param-";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<'a> {
    jsonrpc: &'a str,
    id: RequestId,
    method: &'a str,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
    #[serde(default, rename = "_meta", borrow)]
    meta: Option<Meta<'a>>,
}

/// What a request may say of itself here; a token to tell of progress with is not among it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta<'a> {
    #[serde(default, rename = "io.modelcontextprotocol/protocolVersion", borrow)]
    version: Option<&'a str>,
    #[serde(default, rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<ClientCapabilities>,
    #[serde(default, rename = "io.modelcontextprotocol/clientInfo")]
    _client: Option<Implementation>,
}

/// The answer, where the request is one for this place. `in_session`: it names a session, and there is that session.
pub async fn answer(server: &Server, parts: &Parts, body: &[u8], in_session: bool) -> Option<Response> {
    let message: Message = serde_json::from_slice(body).ok()?;
    let Message { jsonrpc: "2.0", id, method: METHOD, params: Params { name, arguments, meta } } = message else { return None };
    let tool = server.parts.outside.tools.resolve(&name)?;
    let meta = meta.unwrap_or_default();
    let is_ours = takes_either(&parts.headers)
        && match one(&parts.headers, VERSION_HEADER)? {
            Some(version) if version == ProtocolVersion::LATEST.as_str() => is_whole(&parts.headers, &meta, &name),
            version => in_session && is_of_session(version, &meta) && is_known_at_once(server, tool),
        };
    if !is_ours {
        return None;
    }
    let is_legacy = meta.version.is_none();
    let asking = server.ask(server.visitor(Some(parts)), tool, arguments.unwrap_or_default());
    let mut result = ServerResult::from(unbroken(tool, asking).await.unwrap_or_else(Failed::into_response));
    if is_legacy {
        result.strip_result_type_for_legacy_peer();
    }
    let answer: TxJsonRpcMessage<RoleServer> = JsonRpcMessage::response(result, id);
    Some(match serde_json::to_vec(&answer) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, tool, "an answer cannot be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    })
}

/// A request of the newest revision says in headers what it says in its body, and needs nothing that was agreed before.
fn is_whole(headers: &HeaderMap, meta: &Meta, name: &str) -> bool {
    let says = |header: &str, value: &str| one(headers, header) == Some(Some(value));
    meta.version == Some(ProtocolVersion::LATEST.as_str())
        && meta.capabilities.is_some()
        && says("mcp-method", METHOD)
        && says("mcp-name", name)
        && !headers.keys().any(|name| name.as_str().starts_with(PARAMETERS))
}

/// A request of a revision with sessions says nothing of itself.
fn is_of_session(version: Option<&str>, meta: &Meta) -> bool {
    let is_known = |version: &str| {
        let known = ProtocolVersion::KNOWN_VERSIONS.iter().find(|known| known.as_str() == version);
        known.is_some_and(ProtocolVersion::has_initialize)
    };
    version.is_none_or(is_known) && meta.version.is_none() && meta.capabilities.is_none()
}

/// In a session a call is cancelled from beside, and its answer can be asked for again. That matters where it reads rows, or writes; what
/// is known already is said before anybody could.
fn is_known_at_once(server: &Server, tool: &str) -> bool {
    let tools = &server.parts.outside.tools;
    let only_reads = tools.spec(tool).is_some_and(|spec| spec.effect == Effect::Read);
    only_reads && tools.sight(tool) == Sight::Recent && !groups::reads_rows(tool)
}

/// Whether the client takes an answer as JSON as well as in a stream, said without conditions.
fn takes_either(headers: &HeaderMap) -> bool {
    let Some(Some(accepted)) = one(headers, header::ACCEPT.as_str()) else { return false };
    let takes = |media: &str| accepted.split(',').any(|one| one.trim() == media);
    let is_json = one(headers, header::CONTENT_TYPE.as_str()) == Some(Some("application/json"));
    is_json && takes("application/json") && takes("text/event-stream")
}

/// The value of a header; none inside where it is not there, none at all where it is there twice or is no text.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        _ => None,
    }
}
