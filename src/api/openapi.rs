//! `GET /openapi.json`: the API's description, made from the calls themselves.

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};

use super::events::EventLine;
use super::problem::{Document, MEDIA_TYPE};

/// What the description calls the token.
pub const TOKEN: &str = "token";

/// What is not a call.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Fathom",
        description = "Understands databases that nobody has documented. Start a run over a source, follow its events, answer its questions, \
read its report.\n\nEvery error is a problem document (RFC 9457) whose `type` is a page on this server. Lists answer `{items, next}`. \
Where the server listens on an address that other machines can reach, every call needs `Authorization: Bearer <token>`. \
Each call says which scope of a token it needs; calls of tools need what the tool does.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "runs", description = "Starting and watching"),
        (name = "conversation", description = "Telling a run something"),
        (name = "results", description = "What came of it"),
        (name = "sources", description = "Databases, and looking into them"),
        (name = "access", description = "Tokens"),
        (name = "server", description = "The server itself")
    ),
    components(schemas(Document, EventLine))
)]
struct Base;

pub fn base() -> OpenApi {
    Base::openapi()
}

/// Adds what holds for all calls: the token, and the form of errors.
pub fn finish(mut document: OpenApi) -> OpenApi {
    if let Some(components) = &mut document.components {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Wanted where the server is not on loopback. A token that is sent holds everywhere, with its scopes."))
            .build();
        components.add_security_scheme(TOKEN, SecurityScheme::Http(bearer));
    }
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Document"))));
            let problem = ResponseBuilder::new().description("What went wrong").content(MEDIA_TYPE, content).build();
            operation.responses.responses.insert("default".to_owned(), problem.into());
        }
    }
    document
}

/// The description is the same for all: encoded once.
pub fn serve(document: &OpenApi) -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + use<> {
    let text = Bytes::from(document.to_pretty_json().expect("an API description is plain data and always serialises"));
    move || std::future::ready(([(CONTENT_TYPE, "application/json")], text.clone()).into_response())
}

/// What may be done with a path.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    let all = [(Method::GET, get), (Method::POST, post), (Method::PUT, put), (Method::PATCH, patch), (Method::DELETE, delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
