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

const STATEMENTS_KEPT: usize = 48;

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
    session: Option<Session>,
    place: Option<Place<'a>>,
}

/// The right to use one session of the pool, and the way back for it.
pub struct Place<'a> {
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    pub fn new(path: PathBuf, settings: &Settings) -> Self {
        let size = settings.pool.max(1);
        let busy_wait = Duration::from_millis(settings.busy_wait_ms);
        Self { path, busy_wait, size, free: Semaphore::new(size), idle: Mutex::new(Vec::with_capacity(size)) }
    }

    /// Waits at most `patience` for a free connection.
    pub async fn lend(&self, patience: Duration) -> Result<Lent<'_>, Error> {
        let permit = match self.free.try_acquire() {
            Ok(permit) => permit,
            Err(_) => match tokio::time::timeout(patience, self.free.acquire()).await {
                Ok(permit) => permit.expect("the semaphore of a pool is never closed"),
                Err(_) => return Err(Error::Unavailable(format!("all {} connections are busy", self.size))),
            },
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = match idle {
            Some(session) => session,
            None => self.connect().await?,
        };
        Ok(Lent { session: Some(session), place: Some(Place { pool: self, _permit: permit }) })
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
            .statement_cache_capacity(STATEMENTS_KEPT)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(failed)?;
        let clock = Arc::new(Clock::new());
        let stop = confine(&mut connection, clock.clone()).await.map_err(failed)?;
        Ok(Session { connection, clock, stop })
    }
}

impl Place<'_> {
    pub fn take_back(self, session: Session) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}

impl<'a> Lent<'a> {
    pub fn give_back(self) {
        let (place, session) = self.part();
        place.take_back(session);
    }

    /// For who reads on a thread of its own.
    pub fn part(mut self) -> (Place<'a>, Session) {
        let parts = self.place.take().zip(self.session.take());
        parts.expect("a loan is parted once, because that consumes it")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop.forget();
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
