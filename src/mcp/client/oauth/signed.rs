//! The SDK's HTTP client, which gets the token of each request from its keeper, and asks for another one where it is refused.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::auth::AuthError;
use rmcp::transport::streamable_http_client::{SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse};
use sse_stream::Sse;

use super::error::Error;
use super::keeper::Keeper;

/// How the SDK begins what it says of a status for which it has no word of its own.
const UNAUTHORIZED: &str = "HTTP 401";

#[derive(Clone)]
pub struct Signed {
    http: reqwest::Client,
    /// None where the token is fixed.
    keeper: Option<Arc<Keeper>>,
}

type Http = StreamableHttpError<reqwest::Error>;
type Headers = HashMap<HeaderName, HeaderValue>;

impl Signed {
    pub fn new(http: reqwest::Client, keeper: Option<Arc<Keeper>>) -> Self {
        Self { http, keeper }
    }

    /// A request that was refused was not carried out, so it may be repeated, once.
    async fn ask<T, F>(&self, fixed: Option<String>, ask: impl Fn(Option<String>) -> F) -> Result<T, Http>
    where
        F: Future<Output = Result<T, Http>>,
    {
        let Some(keeper) = &self.keeper else { return ask(fixed).await };
        let token = keeper.token().await.map_err(no_token)?;
        let error = match ask(token.clone()).await {
            Err(error) => error,
            answered => return answered,
        };
        let challenge = match &error {
            Http::AuthRequired(refusal) => Some(refusal.www_authenticate_header.as_str()),
            Http::UnexpectedServerResponse(text) if text.starts_with(UNAUTHORIZED) => None,
            Http::InsufficientScope(refusal) => {
                keeper.want(&refusal.www_authenticate_header, refusal.get_required_scope()).await.map_err(no_token)?;
                return Err(error);
            }
            _ => return Err(error),
        };
        match keeper.after_refusal(token.as_deref(), challenge).await.map_err(no_token)? {
            Some(another) => ask(Some(another)).await,
            None => Err(error),
        }
    }
}

/// In the SDK's words, which the connection's errors are made of.
fn no_token(error: Error) -> Http {
    let text = error.to_string();
    Http::Auth(match error {
        Error::Away(_) | Error::Store(_) => AuthError::TokenRefreshFailed(text),
        Error::Refused(_) | Error::UnknownState => AuthError::AuthorizationFailed(text),
    })
}

impl StreamableHttpClient for Signed {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Http> {
        self.ask(token, |token| self.http.post_message(uri.clone(), message.clone(), session.clone(), token, headers.clone())).await
    }

    async fn post_message_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
        most: usize,
    ) -> Result<StreamableHttpPostResponse, Http> {
        let ask = |token| {
            let (uri, message, session, headers) = (uri.clone(), message.clone(), session.clone(), headers.clone());
            self.http.post_message_with_max_sse_event_size(uri, message, session, token, headers, most)
        };
        self.ask(token, ask).await
    }

    async fn delete_session(&self, uri: Arc<str>, session: Arc<str>, token: Option<String>, headers: Headers) -> Result<(), Http> {
        self.ask(token, |token| self.http.delete_session(uri.clone(), session.clone(), token, headers.clone())).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Http> {
        self.ask(token, |token| self.http.get_stream(uri.clone(), session.clone(), last.clone(), token, headers.clone())).await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        headers: Headers,
        most: usize,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Http> {
        let ask = |token| {
            let (uri, session, last, headers) = (uri.clone(), session.clone(), last.clone(), headers.clone());
            self.http.get_stream_with_max_sse_event_size(uri, session, last, token, headers, most)
        };
        self.ask(token, ask).await
    }
}
