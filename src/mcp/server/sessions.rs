//! Sessions of the older revisions: how many there may be, and how long one stays that nobody uses.
//!
//! A session is used while a request of it is answered or a stream of it is open. What the server says by itself is no use: it would be
//! said to clients that have gone, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::StreamExt;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::{SessionId, SessionManager};

const SESSION: &str = "mcp-session-id";
/// Between two looks for sessions that nobody uses.
const LOOKS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

pub struct Sessions {
    pub manager: Arc<LocalSessionManager>,
    used: Mutex<HashMap<SessionId, Used>>,
    idle: Duration,
    most: usize,
}

struct Used {
    /// Requests that are not answered yet, and open streams.
    now: usize,
    last: Instant,
}

/// Holds its session as used until it is dropped.
pub struct Use {
    sessions: Arc<Sessions>,
    id: SessionId,
}

impl Sessions {
    pub fn new(mut manager: LocalSessionManager, idle: Duration, most: usize) -> Arc<Self> {
        // The SDK would count what the server says as use.
        manager.session_config.keep_alive = None;
        Arc::new(Self { manager: Arc::new(manager), used: Mutex::default(), idle, most })
    }

    pub async fn has_room(&self) -> bool {
        self.manager.sessions.read().await.len() < self.most
    }

    pub fn most(&self) -> usize {
        self.most
    }

    /// The session that a request names, where there is one.
    pub async fn enter(self: &Arc<Self>, headers: &HeaderMap) -> Option<Use> {
        let id: SessionId = headers.get(SESSION)?.to_str().ok()?.into();
        if !self.manager.sessions.read().await.contains_key(&id) {
            return None;
        }
        let mut used = self.used();
        used.entry(id.clone()).or_insert_with(Used::begin).now += 1;
        Some(Use { sessions: self.clone(), id })
    }

    /// Ends, again and again, what nobody uses.
    pub async fn keep_tidy(&self) {
        loop {
            tokio::time::sleep((self.idle / 4).clamp(LOOKS.0, LOOKS.1)).await;
            for id in self.idle().await {
                if let Err(error) = self.manager.close_session(&id).await {
                    tracing::debug!(%error, "a session that nobody uses had ended by itself");
                }
            }
        }
    }

    /// Those that nobody has used for long; those that have ended are forgotten.
    async fn idle(&self) -> Vec<SessionId> {
        let there = self.manager.sessions.read().await;
        let mut used = self.used();
        used.retain(|id, _| there.contains_key(id));
        let is_idle = |used: &Used| used.now == 0 && used.last.elapsed() >= self.idle;
        there.keys().filter(|id| is_idle(used.entry((*id).clone()).or_insert_with(Used::begin))).cloned().collect()
    }

    fn used(&self) -> MutexGuard<'_, HashMap<SessionId, Used>> {
        self.used.lock().expect("nothing panics while it holds the uses of sessions")
    }
}

impl Used {
    fn begin() -> Self {
        Self { now: 0, last: Instant::now() }
    }
}

impl Use {
    /// Until all of the response is sent, or its client has gone.
    pub fn until_sent(self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let sending = body.into_data_stream().map(move |chunk| {
            let _held = &self;
            chunk
        });
        Response::from_parts(parts, Body::from_stream(sending))
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        if let Some(used) = self.sessions.used().get_mut(&self.id) {
            used.now = used.now.saturating_sub(1);
            used.last = Instant::now();
        }
    }
}
