//! Confined connections to one file, a bounded number of them, each lent to one reader at a time.
//!
//! Invariant: a connection on which something may still run is never lent again; it is told to stop and closed.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::confine::{Clock, Stop, confine};
use crate::source::{Error, Settings};

/// Rows that SQLite may be ahead of the reader; small, because each may be large.
const ROWS_AHEAD: usize = 8;

const STATEMENTS_KEPT: usize = 48;

/// How long a statement that was told to stop may take to do so, before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Pool {
    path: PathBuf,
    busy_wait: Duration,
    size: usize,
    free: Semaphore,
    idle: Mutex<Vec<Session>>,
}

pub struct Session {
    pub connection: SqliteConnection,
    pub clock: Arc<Clock>,
    pub stop: Stop,
}

/// A session that goes back when its reader says that nothing runs on it any more.
pub struct Lent<'a> {
    pool: &'a Pool,
    session: Option<Session>,
    _place: SemaphorePermit<'a>,
}

impl Pool {
    pub fn new(path: PathBuf, settings: &Settings) -> Self {
        let size = settings.pool.max(1);
        let busy_wait = Duration::from_millis(settings.busy_wait_ms);
        Self { path, busy_wait, size, free: Semaphore::new(size), idle: Mutex::new(Vec::with_capacity(size)) }
    }

    /// Waits at most `patience` for a free connection.
    pub async fn lend(&self, patience: Duration) -> Result<Lent<'_>, Error> {
        let place = match self.free.try_acquire() {
            Ok(place) => place,
            Err(_) => match tokio::time::timeout(patience, self.free.acquire()).await {
                Ok(place) => place.expect("the semaphore of a pool is never closed"),
                Err(_) => return Err(Error::Unavailable(format!("all {} connections are busy", self.size))),
            },
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = match idle {
            Some(session) => session,
            None => self.connect().await?,
        };
        Ok(Lent { pool: self, session: Some(session), _place: place })
    }

    async fn connect(&self) -> Result<Session, Error> {
        let failed = |error: sqlx::Error| Error::Unavailable(format!("`{}`: {}", self.path.display(), words(&error)));
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(self.busy_wait)
            .foreign_keys(false)
            .pragma("query_only", "1")
            .row_buffer_size(ROWS_AHEAD)
            .statement_cache_capacity(STATEMENTS_KEPT)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(failed)?;
        let clock = Arc::new(Clock::new());
        let stop = confine(&mut connection, clock.clone()).await.map_err(failed)?;
        Ok(Session { connection, clock, stop })
    }
}

impl Lent<'_> {
    pub fn give_back(mut self) {
        if let Some(session) = self.session.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }

    /// Stops what runs, waits until it has, and gives the connection back; a reader who has enough calls this.
    pub async fn stop_and_give_back(mut self) {
        self.clock.expire();
        self.stop.now();
        // The worker answers only when the statement before has ended.
        let stopped = tokio::time::timeout(PATIENCE, self.connection.lock_handle()).await.is_ok_and(|answer| answer.is_ok());
        if stopped {
            self.give_back();
        }
    }
}

impl Deref for Lent<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a session is only taken by what consumes the loan")
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a session is only taken by what consumes the loan")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            session.clock.expire();
            session.stop.now();
        }
    }
}

/// The database's own words.
pub fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}
