//! `/servers/{name}/login`: signing in to a remote server, and the address at which the browser comes back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use super::ApiState;
use super::body::{Body, Nothing};
use super::envelope::HTML;
use super::errors::escaped;
use super::once::detached;
use super::params::{Params, header};
use super::problem::{Code, Problem};
use super::servers::ServerPath;
use crate::mcp::client::{CALLBACK, Callback, Returned, is_loopback};

/// A page without scripts, forms or anything from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginBegun {
    /// To be opened in a browser, within 10 minutes.
    pub url: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginState {
    /// Whether there is a token from signing in.
    pub signed_in: bool,
    /// Whether a sign-in was begun, and its browser has not come back yet.
    pub waiting: bool,
    /// Why the last one came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Who gave the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What was asked for.
    pub scopes: Vec<String>,
}

/// Where the browser comes back: at the address under which this request came.
pub struct Redirect(String);

/// Begins a sign-in to a remote server
///
/// The address is for a person's browser. The authorization server sends it back here; a sign-in that was begun before counts no more.
#[utoipa::path(post, path = "/servers/{name}/login", tag = "sources", operation_id = "begin_login", request_body = Nothing,
    params(("name" = String, Path, description = "The server's name.")),
    responses((status = 200, description = "Where a person signs in", body = LoginBegun)))]
pub async fn begin(
    State(state): State<Arc<ApiState>>,
    path: ServerPath,
    Redirect(redirect): Redirect,
    _: Body<Nothing>,
) -> Result<Json<LoginBegun>, Problem> {
    let url = detached(async move { state.remotes.begin_login(&path.name, &redirect).await }).await??;
    Ok(Json(LoginBegun { url }))
}

/// Shows how far the sign-in to a remote server is
#[utoipa::path(get, path = "/servers/{name}/login", tag = "sources", operation_id = "login_state",
    params(("name" = String, Path, description = "The server's name.")),
    responses((status = 200, description = "Whether somebody has signed in", body = LoginState)))]
pub async fn look(State(state): State<Arc<ApiState>>, path: ServerPath) -> Result<Json<LoginState>, Problem> {
    let progress = state.remotes.login_progress(&path.name).await?;
    let (signed_in, waiting, failed) = (progress.signed_in, progress.waiting, progress.failed);
    Ok(Json(LoginState { signed_in, waiting, failed, issuer: progress.issuer, scopes: progress.scopes }))
}

/// Forgets what signing in to a remote server gave
///
/// The tokens, and who we are to the authorization server. It is not told.
#[utoipa::path(delete, path = "/servers/{name}/login", tag = "sources", operation_id = "forget_login",
    params(("name" = String, Path, description = "The server's name.")),
    responses((status = 204, description = "There is none any more")))]
pub async fn forget(State(state): State<Arc<ApiState>>, path: ServerPath) -> Result<StatusCode, Problem> {
    match state.remotes.forget_login(&path.name).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::new(Code::NoSuchLogin, format!("nobody is signed in to `{}`", path.name))),
    }
}

/// Takes what the browser brings back from a sign-in
///
/// Needs no token: its `state` was made for this sign-in, cannot be guessed, and is taken once.
#[utoipa::path(get, path = "/servers/login/callback", tag = "sources", operation_id = "finish_login",
    params(("state" = String, Query, description = "As the sign-in's address had it."),
        ("code" = Option<String>, Query, description = "For which the tokens are given."),
        ("iss" = Option<String>, Query, description = "Who gives them."),
        ("error" = Option<String>, Query, description = "Why there is no code.")),
    responses((status = 200, description = "A page that says so", body = String, content_type = "text/html")))]
pub async fn callback(State(state): State<Arc<ApiState>>, params: Params, headers: HeaderMap) -> Response {
    let finished = match of_params(&params) {
        Ok(callback) => detached(async move { state.remotes.finish_login(callback).await }).await,
        Err(problem) => Err(problem),
    };
    match finished.and_then(|finished| Ok(finished?)) {
        Ok(name) => page(StatusCode::OK, "Signed in", &format!("You are signed in to `{name}`. You may close this page.")),
        Err(problem) if wants_html(&headers) => page(problem.status(), "Not signed in", &problem.detail),
        Err(problem) => problem.into_response(),
    }
}

/// Authorization servers may send more than is known here.
fn of_params(params: &Params) -> Result<Callback, Problem> {
    let text = |name| params.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let missing = |name| Problem::invalid_parameter(name, format!("`{name}` is missing; this address is for the browser of who signs in"));
    let returned = match (text("error"), text("code")) {
        (Some(error), _) => Returned::Denied(text("error_description").map_or(error.clone(), |why| format!("{error}: {why}"))),
        (None, Some(code)) => Returned::Code(code),
        (None, None) => return Err(missing("code")),
    };
    Ok(Callback { state: text("state").ok_or_else(|| missing("state"))?, issuer: text("iss"), returned })
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let text = escaped(text);
    let page = format!("<!doctype html><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{text}</p>");
    let headers = [(CONTENT_TYPE, HTML), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    (status, headers, page).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Redirect {
    type Rejection = Problem;

    /// The gate has looked at the name. That a proxy speaks TLS for us, it says itself; who may begin a sign-in may say so, too.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let in_target = parts.uri.authority().map(Authority::as_str);
        let host = header(&parts.headers, HOST.as_str())?.or(in_target).unwrap_or_default();
        let own = Url::parse(&format!("http://{host}{CALLBACK}"));
        let mut url = own.map_err(|_| Problem::new(Code::HostNotAllowed, "the header `Host` cannot be read").of_field("Host"))?;
        let is_behind_tls = header(&parts.headers, "x-forwarded-proto")? == Some("https");
        if is_behind_tls && !is_loopback(&url) && url.set_scheme("https").is_err() {
            return Err(Problem::internal());
        }
        Ok(Self(url.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn redirect(headers: &[(&str, &str)]) -> String {
        let mut request = axum::http::Request::builder().uri("/servers/hub/login");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Redirect::from_request_parts(&mut parts, &()).await.unwrap().0
    }

    #[tokio::test]
    async fn the_browser_comes_back_to_where_the_sign_in_was_asked_for() {
        assert_eq!(redirect(&[("host", "127.0.0.1:7700")]).await, "http://127.0.0.1:7700/servers/login/callback");
        assert_eq!(redirect(&[("host", "h"), ("x-forwarded-proto", "https")]).await, "https://h/servers/login/callback");
        let here = redirect(&[("host", "localhost:1"), ("x-forwarded-proto", "https")]).await;
        assert_eq!(here, "http://localhost:1/servers/login/callback");
    }

    #[tokio::test]
    async fn a_page_shows_foreign_words_as_words() {
        let page = page(StatusCode::OK, "Not signed in", "<script>alert(1)</script>");
        assert!(page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
        let body = axum::body::to_bytes(page.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("<script"));
    }
}
