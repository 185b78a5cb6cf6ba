//! Who may come in: by which name the server is called, on behalf of which page, and with which token.
//!
//! The Host check keeps web pages from reaching a local server by DNS rebinding; the Origin check keeps other sites' scripts out;
//! the token is wanted where other machines can reach the server.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use super::problem::{Code, Problem};
use super::{ApiState, Settings};
use crate::mcp::server::Visitor;

/// Open to whoever passes the Host and Origin checks: they say nothing about anybody's data.
const WITHOUT_TOKEN: [&str; 4] = ["/healthz", "/readyz", "/openapi.json", "/docs"];

/// Who calls where nobody says who.
pub const OUTSIDE: &str = "outside";

/// What the gate lets through.
#[derive(Clone, Debug)]
pub struct Rules {
    bound: IpAddr,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Rules {
    pub fn new(settings: &Settings, bound: SocketAddr) -> Self {
        let tidy = |entries: &[String]| entries.iter().map(|entry| entry.trim().trim_end_matches('/').to_ascii_lowercase()).collect();
        Self { bound: bound.ip(), hosts: tidy(&settings.allowed_hosts), origins: tidy(&settings.allowed_origins) }
    }

    /// Whether other machines can reach the server.
    pub fn wants_token(&self, path: &str) -> bool {
        !self.bound.is_loopback() && !is_open(path)
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
    let (parts, body) = request.into_parts();
    let text = |name| parts.headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("\u{fffd}"));
    let in_target = parts.uri.authority().map(Authority::as_str);
    let host = text(HOST).or(in_target);
    rules.check_host(host)?;
    // A request may name its host twice; neither may be a foreign one.
    if let Some(target) = in_target {
        rules.check_host(Some(target))?;
    }
    rules.check_origin(text(ORIGIN), host.unwrap_or_default())?;
    let presented = bearer(text(AUTHORIZATION)).filter(|_| !is_open(parts.uri.path()));
    let token = match presented {
        Some(presented) => state.tokens.name_of(presented).await?,
        None => None,
    };
    if rules.wants_token(parts.uri.path()) && token.is_none() {
        let why = match presented {
            Some(_) => "the token is unknown or revoked",
            None => "this server wants the header `Authorization: Bearer <token>`",
        };
        return Err(Problem::new(Code::Unauthorized, why).of_field("Authorization"));
    }
    let mut parts = parts;
    let author = Author::of_token(token.as_deref());
    parts.extensions.insert(Visitor { author: author.0.clone() });
    parts.extensions.insert(author);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Under which name claims are made that come over HTTP. It comes from the token alone, and is nobody's inside: `person`, `harvest`
/// and the experts have names without a colon, and no expert may be called `outside`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author(pub String);

impl Author {
    fn of_token(name: Option<&str>) -> Self {
        Self(name.map_or_else(|| OUTSIDE.to_owned(), |name| format!("token:{name}")))
    }
}

fn is_open(path: &str) -> bool {
    WITHOUT_TOKEN.contains(&path) || path.starts_with("/errors/")
}

fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests;
