//! What every request passes, whatever it asks: an id, a span, a net under panics, and no error without a document.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower::Layer;
use tracing::Instrument;

use super::problem::{MEDIA_TYPE, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const JSON_RPC: &str = "application/json";
/// Pages for people.
pub const HTML: &str = "text/html; charset=utf-8";
const REQUEST_ID_BYTES: usize = 128;

/// Goes around the whole router, not around each route, because a router finishes its answers (`Allow`) outside of its routes.
pub fn around(router: Router) -> Router {
    Router::new().fallback_service(from_fn(envelope).layer(router))
}

async fn envelope(mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let span = tracing::info_span!(
        "request",
        http.request.method = %request.method(),
        url.path = request.uri().path(),
        request.id = id.to_str().unwrap_or_default()
    );
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let began = Instant::now();
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = match answered {
        Ok(response) => documented(response),
        Err(panic) => {
            tracing::error!(panic = panic_text(&*panic), "a request panicked");
            Problem::internal().into_response()
        }
    };
    response.headers_mut().insert(REQUEST_ID, id);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    tracing::debug!(http.response.status_code = response.status().as_u16(), duration_ms = began.elapsed().as_millis() as u64, "answered");
    response
}

/// The client's own id where it is a plain one, else a fresh one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let usable = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= REQUEST_ID_BYTES && bytes.iter().all(u8::is_ascii_graphic)
    };
    let fresh = || HeaderValue::try_from(uuid::Uuid::now_v7().simple().to_string()).expect("hexadecimal digits are a valid header");
    headers.get(REQUEST_ID).filter(usable).cloned().unwrap_or_else(fresh)
}

/// Errors that were answered below our own code get a document too.
fn documented(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    // Errors of JSON-RPC are JSON of another kind, and what a person reads in a browser is a page.
    let is_documented = |media: &HeaderValue| media == MEDIA_TYPE || media == JSON_RPC || media == HTML;
    if !is_error || response.headers().get(CONTENT_TYPE).is_some_and(is_documented) {
        return response;
    }
    Problem::of_status(status, response.headers().get(ALLOW)).into_response()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::api::problem::Document;

    fn router() -> Router {
        async fn panics() -> &'static str {
            panic!("on purpose")
        }
        let plain = get(|| async { (StatusCode::BAD_GATEWAY, "plain text") });
        around(Router::new().route("/panics", get(panics)).route("/plain", plain).route("/ok", get(|| async { "ok" })))
    }

    async fn ask(method: &str, path: &str, id: &str) -> (Response, Option<Document>) {
        let request = Request::builder().method(method).uri(path).header(REQUEST_ID, id).body(Body::empty()).unwrap();
        let mut response = router().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(std::mem::take(response.body_mut()), 10_000).await.unwrap();
        (response, serde_json::from_slice(&body).ok())
    }

    #[tokio::test]
    async fn no_error_goes_out_without_a_document() {
        for (method, path, status, code) in [
            ("GET", "/panics", 500, "internal"),
            ("GET", "/plain", 500, "internal"),
            ("GET", "/nowhere", 404, "no_such_path"),
            ("DELETE", "/ok", 405, "method_not_allowed"),
        ] {
            let (response, document) = ask(method, path, "abc").await;
            let document = document.unwrap_or_else(|| panic!("{method} {path} has no document"));
            assert_eq!((response.status().as_u16(), document.code.as_str()), (status, code), "{method} {path}");
            assert_eq!(response.headers()[REQUEST_ID], "abc");
        }
        let (response, document) = ask("DELETE", "/ok", "abc").await;
        assert!(response.headers()[ALLOW].to_str().unwrap().contains("GET"));
        assert!(document.unwrap().valid.contains(&"GET".to_owned()));
    }

    #[tokio::test]
    async fn odd_request_ids_are_replaced() {
        let (response, _) = ask("GET", "/ok", "two words").await;
        let id = response.headers()[REQUEST_ID].to_str().unwrap();
        assert_eq!(id.len(), 32);
        let (response, _) = ask("GET", "/ok", &"x".repeat(REQUEST_ID_BYTES + 1)).await;
        assert_eq!(response.headers()[REQUEST_ID].len(), 32);
    }
}
