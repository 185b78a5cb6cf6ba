//! `GET /errors/{code}`: the page of each error, from inside the program.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::params::path_parameter;
use super::problem::{Code, Problem};

/// The code that the path names.
pub struct CodePath(Code);

/// Shows what an error means and what to do
#[utoipa::path(get, path = "/errors/{code}", tag = "server", operation_id = "error_page",
    params(("code" = String, Path, description = "The `code` of a problem.")),
    responses((status = 200, description = "The page, in Markdown; as HTML for browsers", body = String, content_type = "text/markdown")))]
pub async fn page(CodePath(code): CodePath, headers: HeaderMap) -> Response {
    let wants_html = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    if wants_html {
        return ([(CONTENT_TYPE, "text/html; charset=utf-8")], html(code)).into_response();
    }
    ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], code.page()).into_response()
}

/// The pages are readable as they stand; they need a page around them, not a renderer.
fn html(code: Code) -> String {
    let text = escaped(code.page());
    let style = "body{font:16px/1.5 ui-monospace,monospace;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}";
    format!("<!doctype html><meta charset=\"utf-8\"><title>{}</title><style>{style}</style><pre>{text}</pre>", code.name())
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl<S: Send + Sync> FromRequestParts<S> for CodePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = path_parameter(parts, state, "code").await?;
        let unknown =
            || Problem::new(Code::NoSuchPath, format!("`{name}` is not a code of an error")).with_valid(Code::ALL.map(Code::name));
        Code::from_name(&name).map(Self).ok_or_else(unknown)
    }
}
