//! `GET /docs`: a reference to browse, made from the API's description. One page that loads nothing from anywhere.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::openapi::OpenApi;

const PAGE: &str = include_str!("docs.html");
const PLACE: &str = "\"{{openapi}}\"";
/// The page's own script and style, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'";

pub fn serve(document: &OpenApi) -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + use<> {
    let text = Bytes::from(page(document));
    move || {
        std::future::ready(([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)], text.clone()).into_response())
    }
}

fn page(document: &OpenApi) -> String {
    let json = document.to_json().expect("an API description is plain data and always serialises");
    // A script element ends at `</` whatever stands around it.
    PAGE.replacen(PLACE, &json.replace('<', "\\u003c"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_loads_nothing_from_anywhere() {
        let page = page(&crate::api::openapi::base());
        assert!(!page.contains(PLACE));
        assert!(page.contains("\"openapi\":\"3.1"));
        for outside in ["src=\"http", "href=\"http", "@import", "cdn."] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
