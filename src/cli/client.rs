//! The API's client: what the command line does, it does through HTTP like everybody else.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::follow::Follow;
use crate::api::params::Items;
use crate::api::problem::Document;
use crate::domain::{RunId, Seq};

const CONNECT_TIME: Duration = Duration::from_secs(5);
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Streams have a comment every 15 s; what is silent for longer is dead.
const SILENCE: Duration = Duration::from_secs(60);
const POST_ATTEMPTS: u32 = 3;

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    sends_token: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no server answers at {url}: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("{}", .0.detail)]
    Refused(Box<Document>),
    /// What answers is not Fathom, or another version of it.
    #[error("the answer of {url} is not understood (status {status}): {reason}")]
    Odd { url: String, status: u16, reason: String },
}

impl Client {
    pub fn new(server: &str, token: Option<&str>) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Unreachable { url: server.to_owned(), reason };
        let with_scheme = if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
        let mut base = Url::parse(&with_scheme).map_err(|error| unusable(format!("not a URL: {error}")))?;
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            return Err(unusable("not a URL of the form `http://host:port`".to_owned()));
        }
        // Nobody listens on the address that means "all of them".
        match base.host_str() {
            Some("0.0.0.0") => base.set_host(Some("127.0.0.1")).expect("an address is a valid host"),
            Some("[::]") => base.set_host(Some("::1")).or_else(|_| base.set_host(Some("[::1]"))).expect("an address is a valid host"),
            _ => {}
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| unusable("the token has characters that no token has".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder().default_headers(headers).connect_timeout(CONNECT_TIME).read_timeout(SILENCE);
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| unusable(error.to_string()))?;
        Ok(Self { http, base, sends_token: token.is_some() })
    }

    /// Without a slash at the end.
    pub fn url(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Where assistants are served, with the tools that are wanted.
    pub fn endpoint(&self, path: &str, tools: Option<&str>) -> String {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        if let Some(tools) = tools {
            url.query_pairs_mut().append_pair("tools", tools);
        }
        url.to_string()
    }

    pub fn sends_token(&self) -> bool {
        self.sends_token
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, Error> {
        let response = self.send(self.request(Method::GET, path, query).timeout(ANSWER_TIME)).await?;
        self.read(response).await
    }

    /// One page after the other, until `limit` items are there.
    pub async fn list<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)], limit: usize) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", (limit - items.len()).clamp(1, 200).to_string()));
            query.extend(after.take().map(|after| ("after", after)));
            let page: Items<T> = self.get(path, &query).await?;
            items.extend(page.items);
            match page.next {
                Some(next) if items.len() < limit => after = Some(next),
                _ => return Ok(items),
            }
        }
    }

    pub async fn text(&self, path: &[&str], query: &[(&str, String)]) -> Result<String, Error> {
        let response = self.send(self.request(Method::GET, path, query).timeout(ANSWER_TIME)).await?;
        let status = response.status();
        response.text().await.map_err(|error| self.odd(status, &error.to_string()))
    }

    /// Repeats itself with one key when the connection breaks, so that it happens once.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Error> {
        let body = serde_json::to_vec(body).expect("requests are plain data and always serialise");
        let key = uuid::Uuid::now_v7().to_string();
        let mut attempt = 1;
        loop {
            let request = self.request(Method::POST, path, &[]).header(CONTENT_TYPE, "application/json").header("idempotency-key", &key);
            match self.send(request.body(body.clone()).timeout(ANSWER_TIME)).await {
                Ok(response) => return self.read(response).await,
                Err(Error::Unreachable { .. }) if attempt < POST_ATTEMPTS => tokio::time::sleep(Duration::from_millis(200)).await,
                Err(error) => return Err(error),
            }
            attempt += 1;
        }
    }

    /// Is sent once, for what must not happen twice.
    pub async fn post_once<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Error> {
        let body = serde_json::to_vec(body).expect("requests are plain data and always serialise");
        let request = self.request(Method::POST, path, &[]).header(CONTENT_TYPE, "application/json").body(body);
        let response = self.send(request).await?;
        self.read(response).await
    }

    pub async fn delete(&self, path: &[&str]) -> Result<(), Error> {
        self.send(self.request(Method::DELETE, path, &[]).timeout(ANSWER_TIME)).await.map(|_| ())
    }

    /// The events of a run after number `after`.
    pub fn follow(&self, run: RunId, after: Seq, live: bool) -> Follow {
        Follow::new(self.clone(), run, after, live)
    }

    /// Opens an event stream; none where there is nothing more to come.
    pub(super) async fn open_stream(&self, run: RunId, after: Seq, live: bool) -> Result<Option<Response>, Error> {
        let id = run.to_string();
        let query = [("follow", live.to_string())];
        let request = self.request(Method::GET, &["runs", &id, "events"], &query);
        let response = self.send(request.header(ACCEPT, "text/event-stream").header("last-event-id", after.to_string())).await?;
        Ok((response.status() != StatusCode::NO_CONTENT).then_some(response))
    }

    /// The events of a harvest, to its end.
    pub(super) async fn open_harvest(&self, id: &str) -> Result<Response, Error> {
        let request = self.request(Method::GET, &["harvests", id, "events"], &[]);
        self.send(request.header(ACCEPT, "text/event-stream")).await
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("checked when the client was made").pop_if_empty().extend(path);
        self.http.request(method, url).query(query)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|error| Error::Unreachable { url: self.url(), reason: reason(&error) })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.map_err(|error| self.odd(status, &error.to_string()))?;
        match serde_json::from_str(&text) {
            Ok(problem) => Err(Error::Refused(Box::new(problem))),
            Err(_) => Err(self.odd(status, &super::out::harmless(&text, 200))),
        }
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, Error> {
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.odd(status, &reason(&error)))?;
        serde_json::from_slice(&bytes).map_err(|error| self.odd(status, &error.to_string()))
    }

    fn odd(&self, status: StatusCode, reason: &str) -> Error {
        Error::Odd { url: self.url(), status: status.as_u16(), reason: reason.to_owned() }
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The innermost cause says most.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
