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
/// Between two looks for sessions that nobody uses lies a quarter of the time that they stay, within these bounds.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A session that does not take its end in this time keeps no other one from ending.
const TIME_TO_END: Duration = Duration::from_secs(5);

pub struct Sessions {
    manager: Arc<LocalSessionManager>,
    stays: Duration,
    most: usize,
    uses: Mutex<HashMap<SessionId, Uses>>,
}

/// How a session is used.
struct Uses {
    /// Requests that are not answered yet, and open streams.
    under_way: usize,
    last: Instant,
    /// Nobody gets in any more.
    is_ending: bool,
}

/// Holds its session as used until it is dropped.
pub struct Use {
    sessions: Arc<Sessions>,
    id: SessionId,
}

impl Sessions {
    pub fn new(mut manager: LocalSessionManager, stays: Duration, most: usize) -> Arc<Self> {
        // The SDK would count what the server says as use.
        manager.session_config.keep_alive = None;
        Arc::new(Self { manager: Arc::new(manager), stays, most, uses: Mutex::default() })
    }

    /// As the SDK wants it.
    pub fn manager(&self) -> Arc<LocalSessionManager> {
        self.manager.clone()
    }

    pub fn most(&self) -> usize {
        self.most
    }

    pub async fn has_room(&self) -> bool {
        self.manager.sessions.read().await.len() < self.most
    }

    /// The session that a request names, where there is one.
    pub async fn enter(self: &Arc<Self>, headers: &HeaderMap) -> Option<Use> {
        let id: SessionId = headers.get(SESSION)?.to_str().ok()?.into();
        let there = self.manager.sessions.read().await;
        if !there.contains_key(&id) {
            return None;
        }
        let mut uses = self.uses();
        let of_session = uses.entry(id.clone()).or_insert_with(Uses::begin);
        if of_session.is_ending {
            return None;
        }
        of_session.under_way += 1;
        Some(Use { sessions: self.clone(), id })
    }

    /// Ends, again and again, what nobody uses.
    pub async fn keep_tidy(&self) {
        loop {
            tokio::time::sleep((self.stays / 4).clamp(SHORTEST_WAIT, LONGEST_WAIT)).await;
            for id in self.all().await {
                if self.begin_end(&id) {
                    self.end(&id).await;
                }
            }
        }
    }

    /// Those that are there; the uses of others are forgotten.
    async fn all(&self) -> Vec<SessionId> {
        let there = self.manager.sessions.read().await;
        self.uses().retain(|id, _| there.contains_key(id));
        there.keys().cloned().collect()
    }

    /// Whether nobody has used it for long; if so, nobody gets in any more.
    fn begin_end(&self, id: &SessionId) -> bool {
        let mut uses = self.uses();
        let of_session = uses.entry(id.clone()).or_insert_with(Uses::begin);
        of_session.is_ending = of_session.under_way == 0 && of_session.last.elapsed() >= self.stays;
        of_session.is_ending
    }

    async fn end(&self, id: &SessionId) {
        match tokio::time::timeout(TIME_TO_END, self.manager.close_session(id)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a session that nobody uses could not be ended"),
            Err(_) => tracing::warn!("a session that nobody uses does not take its end"),
        }
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<SessionId, Uses>> {
        self.uses.lock().expect("nothing panics while it holds the uses of sessions")
    }
}

impl Uses {
    fn begin() -> Self {
        Self { under_way: 0, last: Instant::now(), is_ending: false }
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
        // It may have ended meanwhile.
        if let Some(of_session) = self.sessions.uses().get_mut(&self.id) {
            of_session.under_way -= 1;
            of_session.last = Instant::now();
        }
    }
}
