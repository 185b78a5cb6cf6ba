//! Who may come in: by which name the server is called, on behalf of which page, with which token, and for what.
//!
//! The Host check keeps web pages from reaching a local server by DNS rebinding; the Origin check keeps other sites' scripts out;
//! the token is wanted where other machines can reach the server. A token that is shown holds everywhere, with its scopes and no others.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;
use url::form_urlencoded;

use super::access::{Need, Needs};
use super::audit::{self, Said};
use super::limits::until_answered;
use super::problem::{Code, Problem};
use super::{ApiState, Settings, TokenBook, token};
use crate::domain::Identity;
use crate::engine::clock::now_ms;

/// Parameters by which tokens are sent elsewhere.
const SECRETS: [&str; 7] = ["token", "access_token", "auth_token", "api_key", "apikey", "authorization", "bearer"];

/// What the gate lets through.
#[derive(Clone, Debug)]
pub struct Rules {
    bound: IpAddr,
    hosts: Vec<String>,
    origins: Vec<String>,
    needs: Needs,
}

impl Rules {
    pub fn new(settings: &Settings, bound: SocketAddr, needs: Needs) -> Self {
        let tidy = |entries: &[String]| entries.iter().map(|entry| entry.trim().trim_end_matches('/').to_ascii_lowercase()).collect();
        Self { bound: bound.ip(), hosts: tidy(&settings.allowed_hosts), origins: tidy(&settings.allowed_origins), needs }
    }

    /// Where other machines can reach the server, nobody is known without a token.
    pub fn wants_token(&self, need: Need) -> bool {
        !self.bound.is_loopback() && need != Need::Nothing
    }

    /// `host` is what the client called the server, port included.
    pub fn check_host(&self, host: Option<&str>) -> Result<(), Problem> {
        let refuse = |detail: String| Problem::new(Code::HostNotAllowed, detail).of_field("Host");
        let Some(host) = host else { return Err(refuse("the request does not say by which name it calls this server".to_owned())) };
        let unreadable = || refuse("the header `Host` cannot be read".to_owned());
        let authority: Authority = host.parse().map_err(|_| unreadable())?;
        if host.contains('@') {
            return Err(unreadable());
        }
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let with_port = authority.port_u16().map(|port| format!("{name}:{port}"));
        let configured = self.hosts.iter().any(|allowed| *allowed == name || Some(allowed) == with_port.as_ref());
        if configured || name == "localhost" || self.is_own_address(&name) {
            return Ok(());
        }
        Err(refuse(format!("this server does not answer to `{name}`; add it to `api.allowed_hosts` if it is one of its names")))
    }

    /// Absent where no browser is involved.
    pub fn check_origin(&self, origin: Option<&str>, host: &str) -> Result<(), Problem> {
        let Some(origin) = origin else { return Ok(()) };
        let origin = origin.to_ascii_lowercase();
        let same = origin.split_once("://").is_some_and(|(_, authority)| authority == host.to_ascii_lowercase());
        if same || self.origins.contains(&origin) {
            return Ok(());
        }
        let detail = format!("pages of `{origin}` may not call this server; add it to `api.allowed_origins` if it is yours");
        Err(Problem::new(Code::OriginNotAllowed, detail).of_field("Origin"))
    }

    /// Addresses are safe names where the server really has them: rebinding needs a name that its owner can point elsewhere.
    fn is_own_address(&self, name: &str) -> bool {
        let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() else { return false };
        address.is_loopback() || address == self.bound || self.bound.is_unspecified()
    }
}

pub async fn gate(State((state, rules)): State<(Arc<ApiState>, Arc<Rules>)>, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let text = |name| parts.headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("\u{fffd}"));
    let in_target = parts.uri.authority().map(Authority::as_str);
    let host = text(HOST).or(in_target);
    rules.check_host(host)?;
    // A request may name its host twice; neither may be a foreign one.
    if let Some(target) = in_target {
        rules.check_host(Some(target))?;
    }
    rules.check_origin(text(ORIGIN), host.unwrap_or_default())?;
    nothing_in_url(&parts.uri)?;
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let need = rules.needs.of(&parts.method, route)?;
    let identity = identify(&state.tokens, &rules, need, &parts.headers).await?;
    let place = identity.token().map(|token| state.limits.enter(token)).transpose()?;
    let in_path = named_in_path(&mut parts).await;
    let noting = match need {
        Need::Nothing | Need::Known => None,
        Need::Scope(scope) => {
            let call = format!("{} {}", parts.method, route.unwrap_or_default());
            audit::begin(&state.outside.audit, &identity, scope, &call, &in_path)?
        }
    };
    let (method, said) = (parts.method.clone(), Said::default());
    parts.extensions.insert(identity);
    if noting.is_some() {
        parts.extensions.insert(said.clone());
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Some(mut noting) = noting {
        noting.with_args(said.with(&in_path));
        audit::answered(noting, &response);
    }
    Ok(until_answered(response, &method, place))
}

/// What the path names, by its parameters.
async fn named_in_path(parts: &mut Parts) -> Value {
    let named = RawPathParams::from_request_parts(parts, &()).await;
    named.iter().flatten().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

/// URLs end up in logs, so a token is not taken from one, and who sends one there is told.
fn nothing_in_url(uri: &Uri) -> Result<(), Problem> {
    let refuse = |field: &str| {
        let why =
            format!("`{field}`: tokens are not taken from a URL, which ends up in logs; send the header `Authorization: Bearer <token>`");
        Err(Problem::new(Code::TokenInUrl, why).of_field(field))
    };
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if token::looks_like_one(&name) || token::looks_like_one(&value) || SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
            return refuse(&if token::looks_like_one(&name) { "the query".into() } else { name });
        }
    }
    if uri.path().split('/').any(token::looks_like_one) { refuse("the path") } else { Ok(()) }
}

/// Who calls. What is open to everybody is open with an old token, too.
async fn identify(tokens: &TokenBook, rules: &Rules, need: Need, headers: &HeaderMap) -> Result<Identity, Problem> {
    let refuse = |why: &str| Problem::new(Code::Unauthorized, why).of_field("Authorization");
    if need == Need::Nothing {
        return Ok(Identity::at_the_machine());
    }
    match presented(headers) {
        Presented::Nothing if rules.wants_token(need) => Err(refuse("this server wants the header `Authorization: Bearer <token>`")),
        Presented::Nothing => Ok(Identity::at_the_machine()),
        // Not taken for nobody, who may do everything on this machine.
        Presented::Unreadable => Err(refuse("the header `Authorization` must stand there once, as `Bearer <token>`")),
        Presented::Token(token) => {
            tokens.identity(token, now_ms()).await?.ok_or_else(|| refuse("the token is unknown, revoked or has expired"))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Nothing,
    Unreadable,
    Token(&'a str),
}

fn presented(headers: &HeaderMap) -> Presented<'_> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (None, _) => Presented::Nothing,
        (Some(header), None) => header.to_str().ok().and_then(bearer).map_or(Presented::Unreadable, Presented::Token),
        (Some(_), Some(_)) => Presented::Unreadable,
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests;
