//! Read-only connections to one server, a bounded number of them, each lent to one reader at a time.
//!
//! Invariant: a connection on which something may still run is never lent again; the server is told to end it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, Row};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::engine::Engine;
use super::refusal;
use crate::source::{Error, Settings};

/// A connection that nobody wanted for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Statements of a connection, before it is closed and another opened. Closing one statement costs more: the driver sends small packets
/// without answers, for which the system's two ends wait 40 ms for each other.
const STATEMENTS: usize = 100;

/// How long ending something may take, before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Fixes what changes how a text is read, or the guard and the server could read it differently: no `ansi_quotes`, `||` as `or`.
/// Whether loose grouping is refused stays as the server's owner has chosen.
const SQL_MODE: &str = "set session sql_mode = if(find_in_set('ONLY_FULL_GROUP_BY', @@sql_mode), 'ONLY_FULL_GROUP_BY', '')";

pub struct Pool {
    options: MySqlConnectOptions,
    shown: String,
    size: usize,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<(Instant, Session)>>,
}

pub struct Session {
    pub connection: MySqlConnection,
    pub engine: Engine,
    id: u64,
    reads: u64,
}

/// A session in a read-only transaction; it goes back when its reader says that nothing runs on it any more.
pub struct Lent {
    pool: Arc<Pool>,
    session: Option<Session>,
    place: Option<OwnedSemaphorePermit>,
}

impl Pool {
    pub fn new(options: MySqlConnectOptions, shown: &str, settings: &Settings) -> Arc<Self> {
        let size = settings.pool.max(1);
        let options = options
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .statement_cache_capacity(2 * STATEMENTS)
            .disable_statement_logging();
        let (free, idle) = (Arc::new(Semaphore::new(size)), Mutex::new(Vec::with_capacity(size)));
        let pool = Arc::new(Self { options, shown: shown.to_owned(), size, free, idle });
        tokio::spawn(tidy(Arc::downgrade(&pool)));
        pool
    }

    /// Waits until `deadline` at most; by then, the server ends what is read on the session.
    pub async fn lend(self: &Arc<Self>, deadline: Instant) -> Result<Lent, Error> {
        let time_left = || deadline.saturating_duration_since(Instant::now());
        let waiting = tokio::time::timeout(time_left(), self.free.clone().acquire_owned()).await;
        let Ok(place) = waiting else {
            return Err(Error::Unavailable(format!("all {} connections to `{}` are busy", self.size, self.shown)));
        };
        let place = place.expect("the semaphore of a pool is never closed");
        let beginning = async {
            // One that the server has closed meanwhile shows it here.
            while let Some(mut session) = self.take_idle() {
                if session.begin(time_left()).await.is_ok() {
                    return Ok(session);
                }
            }
            let mut session = self.connect().await?;
            session.begin(time_left()).await.map_err(|error| refusal::of_opening(&self.shown, &error))?;
            Ok(session)
        };
        match tokio::time::timeout(time_left(), beginning).await {
            Ok(session) => Ok(Lent { pool: self.clone(), session: Some(session?), place: Some(place) }),
            Err(_) => Err(Error::Unavailable(format!("`{}` did not answer in time", self.shown))),
        }
    }

    /// Closes connections that nobody has used for so long.
    pub async fn close_idle(&self, time: Duration) {
        let is_old = |(since, _): &mut (Instant, Session)| since.elapsed() >= time;
        let old: Vec<_> = self.idle.lock().unwrap_or_else(PoisonError::into_inner).extract_if(.., is_old).collect();
        for (_, session) in old {
            session.close().await;
        }
    }

    async fn connect(&self) -> Result<Session, Error> {
        let refused = |error: sqlx::Error| refusal::of_opening(&self.shown, &error);
        let mut connection = self.options.connect().await.map_err(refused)?;
        sqlx::raw_sql(SQL_MODE).execute(&mut connection).await.map_err(refused)?;
        let row = sqlx::query("select version(), connection_id()").fetch_one(&mut connection).await.map_err(refused)?;
        let version: String = row.try_get_unchecked(0).map_err(refused)?;
        let id: u64 = row.try_get_unchecked(1).map_err(refused)?;
        Ok(Session { connection, engine: Engine::of(&version), id, reads: 0 })
    }

    fn take_idle(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().map(|(_, session)| session)
    }

    /// Ends a connection and what runs on it, in the server, from another connection.
    async fn kill(&self, id: u64) -> Result<(), sqlx::Error> {
        let mut other = self.options.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("kill {id}"))).execute(&mut other).await?;
        other.close().await
    }
}

impl Session {
    /// Without the session's own mode a server lets DDL through; without a transaction, a mode changed by a function would hold.
    async fn begin(&mut self, time: Duration) -> Result<(), sqlx::Error> {
        let time = time.max(Duration::from_millis(1));
        let sql = format!(
            "set session transaction read only; set {}, lock_wait_timeout = {}; start transaction read only",
            self.engine.time_limit(time),
            time.as_secs() + 1
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await.map(drop)
    }

    /// The text as it is sent: whose it is, for those who look at the server's process list, and never one that was prepared before, when
    /// the table may have been another.
    pub fn signed(&mut self, sql: &str) -> String {
        self.reads += 1;
        format!("/* fathom {} */ {sql}", self.reads)
    }

    async fn end(&mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("rollback").execute(&mut self.connection).await.map(drop)
    }

    async fn close(self) {
        // One that cannot say goodbye is gone already.
        drop(tokio::time::timeout(PATIENCE, self.connection.close()).await);
    }
}

impl Lent {
    pub async fn give_back(mut self) {
        let ended = tokio::time::timeout(PATIENCE, self.end()).await;
        if !matches!(ended, Ok(Ok(()))) {
            return;
        }
        let Some(session) = self.session.take() else { return };
        if session.connection.cached_statements_size() >= STATEMENTS {
            session.close().await;
        } else {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), session));
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
    /// A reader that had enough, failed or went away: its place is free when the server has ended what runs.
    fn drop(&mut self) {
        let (Some(session), Ok(runtime)) = (self.session.take(), Handle::try_current()) else { return };
        let (pool, place) = (self.pool.clone(), self.place.take());
        runtime.spawn(async move {
            // Where it cannot be told, the statement's own time limit ends it.
            let told = tokio::time::timeout(PATIENCE, pool.kill(session.id)).await;
            tracing::debug!(source.name = pool.shown, told = matches!(told, Ok(Ok(()))), "ended a statement that nobody waits for");
            drop((session, place));
        });
    }
}

/// Lives as long as the pool.
async fn tidy(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.close_idle(IDLE).await;
    }
}
