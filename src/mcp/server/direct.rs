//! Calls of tools that are answered here, without the tasks and channels that the SDK makes for a request so that it could also ask its
//! client, tell of progress, be resumed and be cancelled from beside. Where a call may want one of these, or is in any way not as it
//! should be, the SDK gets it, which knows how to carry it out and how to refuse it.

use std::borrow::Cow;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rmcp::RoleServer;
use rmcp::model::{ClientCapabilities, Implementation, JsonObject, JsonRpcMessage, ProtocolVersion, RequestId, ServerResult};
use rmcp::service::TxJsonRpcMessage;
use serde::Deserialize;

use super::Server;
use super::answers::Failed;
use super::handler::unbroken;
use crate::tools::outside::source_of;

const METHOD: &str = "tools/call";
const VERSION: &str = "mcp-protocol-version";
const PARAMETERS: &str = "mcp-param-";
/// What a session may be told without the SDK, where the source is at hand: it is in memory or in the catalog, and said before anybody
/// could cancel it or ask for it again.
const KNOWN: [&str; 9] = [
    "list_targets",
    "list_schemas",
    "list_tables",
    "describe_table",
    "get_constraints",
    "catalog_get",
    "catalog_list",
    "catalog_search",
    "catalog_list_objects",
];

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
    arguments: Option<JsonObject>,
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

/// A call that can be answered here.
pub struct Direct {
    id: RequestId,
    /// By its own name.
    tool: String,
    args: JsonObject,
    is_legacy: bool,
}

impl Direct {
    /// The call, where the request is one for this place. `in_session`: it names a session, and there is that session.
    pub async fn read(server: &Server, headers: &HeaderMap, body: &[u8], in_session: bool) -> Option<Self> {
        if !takes_either(headers) {
            return None;
        }
        let message: Message = serde_json::from_slice(body).ok()?;
        let Message { jsonrpc: "2.0", id, method: METHOD, params: Params { name, arguments, meta } } = message else { return None };
        let tool = server.parts.outside.tools.resolve(&name)?.to_owned();
        let (meta, args) = (meta.unwrap_or_default(), arguments.unwrap_or_default());
        let version = only(headers, VERSION);
        let is_legacy = version != Some(ProtocolVersion::LATEST.as_str());
        let is_ours = if is_legacy {
            in_session && is_of_session(headers, &meta) && is_at_hand(server, &tool, &args).await
        } else {
            is_whole(headers, &meta, &name)
        };
        is_ours.then_some(Self { id, tool, args, is_legacy })
    }

    /// Who drops the future ends the call.
    pub async fn answer(self, server: &Server, parts: &Parts) -> Response {
        let Self { id, tool, args, is_legacy } = self;
        let asking = server.ask(server.visitor(Some(parts)), &tool, args);
        let mut result = ServerResult::from(unbroken(&tool, asking).await.unwrap_or_else(Failed::into_response));
        if is_legacy {
            result.strip_result_type_for_legacy_peer();
        }
        let answer: TxJsonRpcMessage<RoleServer> = JsonRpcMessage::response(result, id);
        match serde_json::to_vec(&answer) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => {
                tracing::error!(%error, tool, "an answer cannot be written as JSON");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// A request of the newest revision says in headers what it says in its body, and needs nothing that was agreed before.
fn is_whole(headers: &HeaderMap, meta: &Meta, tool: &str) -> bool {
    meta.version == Some(ProtocolVersion::LATEST.as_str())
        && meta.capabilities.is_some()
        && only(headers, "mcp-method") == Some(METHOD)
        && only(headers, "mcp-name") == Some(tool)
        && !headers.keys().any(|header| header.as_str().starts_with(PARAMETERS))
}

/// A request of a revision with sessions says nothing of itself.
fn is_of_session(headers: &HeaderMap, meta: &Meta) -> bool {
    let says_nothing = meta.version.is_none() && meta.capabilities.is_none();
    let is_known = only(headers, VERSION).is_some_and(|version| {
        let mut known = ProtocolVersion::KNOWN_VERSIONS.iter().filter(|known| known.has_initialize());
        known.any(|known| known.as_str() == version)
    });
    says_nothing && (is_known || !headers.contains_key(VERSION))
}

async fn is_at_hand(server: &Server, tool: &str, args: &JsonObject) -> bool {
    let outside = &server.parts.outside;
    let Some(source) = source_of(args).or(outside.default_source.as_deref()) else { return false };
    KNOWN.contains(&tool) && outside.workbench.is_at_hand(source).await
}

/// Whether the client takes an answer as JSON as well as in a stream, said without conditions.
fn takes_either(headers: &HeaderMap) -> bool {
    let accepted = only(headers, header::ACCEPT.as_str()).unwrap_or_default();
    let takes = |wanted: &str| accepted.split(',').any(|media| media.trim() == wanted);
    let is_json = only(headers, header::CONTENT_TYPE.as_str()) == Some("application/json");
    is_json && takes("application/json") && takes("text/event-stream")
}

/// The value of a header that is there once, as text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{Effect, Registry, Settings, Sight};

    #[test]
    fn what_a_session_is_told_directly_only_reads_what_is_known() {
        let registry = Registry::standard(Settings::default());
        for tool in KNOWN {
            let spec = registry.spec(tool).unwrap_or_else(|| panic!("there is no `{tool}`"));
            assert_eq!((spec.name, spec.effect, registry.sight(tool)), (tool, Effect::Read, Sight::Recent));
        }
    }

    #[test]
    fn no_tool_has_arguments_that_stand_in_headers_too() {
        let registry = Registry::standard(Settings::default());
        for spec in registry.specs() {
            assert!(!spec.args.to_string().contains("x-mcp-header"), "`{}` is to be answered by the SDK, which compares them", spec.name);
        }
    }
}
