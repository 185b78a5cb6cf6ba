//! Connections to one server, a bounded number of them, each lent to one reader at a time for one transaction that cannot write.
//!
//! Invariant: a session goes back only after its rollback. One that is dropped before is ended in the server, with what runs on it.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};

use super::errors::{Place, cannot_connect, one_line};
use super::types::ValueType;
use crate::source::dsn::Server;
use crate::source::{Error, Settings};

/// How long an idle connection is kept.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// How long the end of a transaction or of another session may take, before the connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much longer than its time a statement may take to tell that the server has ended it; after that its session is ended.
const GRACE: Duration = Duration::from_millis(250);

/// How long a session may be idle within a transaction, should its owner forget it.
const FORGOTTEN: Duration = Duration::from_secs(60);

pub struct Pool {
    options: PgConnectOptions,
    pub place: Place,
    size: usize,
    free: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    sessions: Vec<(Instant, Session)>,
    /// A task closes those that are idle for long.
    is_watched: bool,
}

pub struct Session {
    pub connection: PgConnection,
    /// The number of its process in the server.
    process: i32,
    /// Types that values came in and that are not built in.
    pub types: HashMap<u32, ValueType>,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Read,
    /// One view of the catalog for all queries, in which every name says its schema.
    Harvest,
}

/// A session within a read-only transaction.
pub struct Lent {
    pool: Arc<Pool>,
    session: Option<Session>,
    place: Option<OwnedSemaphorePermit>,
    /// When the server must have ended what runs.
    pub until: tokio::time::Instant,
}

impl Pool {
    pub fn new(server: &Server, settings: &Settings) -> Result<Self, Error> {
        let cannot_open = |error: sqlx::Error| Error::CannotOpen { source_text: server.shown().to_owned(), reason: one_line(&error) };
        let options = PgConnectOptions::from_str(server.url().expose_secret()).map_err(cannot_open)?;
        let place = Place::of(&options, server.shown());
        let options = options
            .application_name("fathom")
            .options([
                ("default_transaction_read_only", "on".to_owned()),
                ("statement_timeout", settings.read_time_ms.to_string()),
                ("lock_timeout", settings.busy_wait_ms.max(1).to_string()),
                ("idle_in_transaction_session_timeout", FORGOTTEN.as_millis().to_string()),
                ("bytea_output", "hex".to_owned()),
                // As the guard reads texts, whatever the database is set to.
                ("standard_conforming_strings", "on".to_owned()),
            ])
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let size = settings.pool.max(1);
        Ok(Self { options, place, size, free: Arc::new(Semaphore::new(size)), idle: Mutex::default() })
    }

    /// Lends a session in a transaction whose statements the server ends after `time`; waits no longer than that for it.
    pub async fn begin(self: &Arc<Self>, purpose: Purpose, time: Duration) -> Result<Lent, Error> {
        let until = tokio::time::Instant::now() + time;
        let place = match timeout_at(until, self.free.clone().acquire_owned()).await {
            Ok(place) => place.expect("the semaphore of a pool is never closed"),
            Err(_) => return Err(Error::Unavailable(format!("all {} connections to {} are busy", self.size, self.place))),
        };
        let lent = Lent { pool: self.clone(), session: None, place: Some(place), until: until + GRACE };
        let opening = purpose.opening(until.saturating_duration_since(tokio::time::Instant::now()));
        match timeout_at(until, lent.opened(&opening)).await {
            Ok(lent) => lent,
            Err(_) => Err(Error::Unavailable(format!("{} gave no connection within {} ms", self.place, time.as_millis()))),
        }
    }

    async fn connect(&self) -> Result<Session, Error> {
        let failed = |error: sqlx::Error| cannot_connect(&error, &self.place);
        let mut connection = self.options.connect().await.map_err(failed)?;
        let asking = sqlx::query_as("select pg_backend_pid(), current_setting('server_encoding') = 'SQL_ASCII'").persistent(false);
        let (process, is_raw): (i32, bool) = asking.fetch_one(&mut connection).await.map_err(failed)?;
        if is_raw {
            // Such a database holds any bytes, and would refuse to send those that are no UTF-8.
            sqlx::raw_sql("set client_encoding = 'SQL_ASCII'").execute(&mut connection).await.map_err(failed)?;
        }
        Ok(Session { connection, process, types: HashMap::new() })
    }

    /// Ends another session of this pool, and with it what runs there.
    async fn end(&self, process: i32) -> Result<(), sqlx::Error> {
        let mut connection = self.options.connect().await?;
        sqlx::query("select pg_terminate_backend($1)").persistent(false).bind(process).execute(&mut connection).await.map(drop)
    }

    fn keep(self: &Arc<Self>, session: Session) {
        let mut idle = self.idle();
        idle.sessions.push((Instant::now(), session));
        if !idle.is_watched {
            idle.is_watched = true;
            tokio::spawn(close_idle(Arc::downgrade(self)));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Purpose {
    /// The first query freezes the mode of the transaction: it cannot be made one that writes any more.
    fn opening(self, time: Duration) -> String {
        let (level, path) = match self {
            Self::Read => ("read committed", ""),
            Self::Harvest => ("repeatable read", "set local search_path = ''; set local jit = off;"),
        };
        let time = time.as_millis().clamp(1, i32::MAX as u128);
        format!("begin isolation level {level} read only; set local statement_timeout = {time}; {path} select 1")
    }
}

impl Lent {
    async fn opened(mut self, opening: &str) -> Result<Self, Error> {
        loop {
            let idle = self.pool.idle().sessions.pop();
            let is_new = idle.is_none();
            self.session = match idle {
                Some((_, session)) => Some(session),
                None => Some(self.pool.connect().await?),
            };
            match sqlx::raw_sql(own_sql(opening.to_owned())).execute(&mut self.connection).await {
                Ok(_) => return Ok(self),
                Err(error) if is_new => {
                    self.session = None;
                    return Err(cannot_connect(&error, &self.pool.place));
                }
                // The server has closed it since, perhaps by stopping; nothing was lost with it.
                Err(_) => self.session = None,
            }
        }
    }

    /// Ends the transaction and gives the session back.
    pub async fn end(mut self) {
        let ending = timeout(PATIENCE, sqlx::raw_sql("rollback; deallocate all").execute(&mut self.connection)).await;
        if let Ok(Ok(_)) = ending
            && let Some(session) = self.session.take()
        {
            self.pool.keep(session);
        }
    }
}

impl Deref for Lent {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a session is only taken by what consumes the loan")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a session is only taken by what consumes the loan")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(session), Ok(runtime)) = (self.session.take(), Handle::try_current()) else { return };
        let (pool, place) = (self.pool.clone(), self.place.take());
        runtime.spawn(async move {
            // Kept open until then, so that its number cannot be another's. Should this fail, the server's own clock ends what runs.
            let _ended = timeout(PATIENCE, pool.end(session.process)).await;
            drop((session, place));
        });
    }
}

/// Runs as long as there are idle connections.
async fn close_idle(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE_TIME).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        idle.sessions.retain(|(since, _)| since.elapsed() < IDLE_TIME);
        if idle.sessions.is_empty() {
            idle.is_watched = false;
            return;
        }
    }
}

/// A text of SQL that this room has made, or that the guard has let through.
pub fn own_sql(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}
