//! Reads one statement on a thread that may wait, while the task that asked takes the rows: a few batches are on their way at a time.
//!
//! Invariant: whoever drops a reading before its end has ended the statement; its session is then closed, not lent again.

use std::mem::take;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::time::{Duration, Instant};

use sqlx::sqlite::LockedSqliteHandle;
use tokio::sync::mpsc;
use tokio::task::{self, JoinError, JoinHandle};

use super::batch::{Batch, Columns};
use super::confine::{Clock, Stop};
use super::session::{Session, words};
use super::statement::{Refusal, Statement};
use crate::source::stream::Passage;

/// Batches that are read ahead; with one in each hand there are two more.
const AHEAD: usize = 2;

/// A batch that is not full goes on its way when its first row is so old.
const OLD: Duration = Duration::from_millis(5);

/// How long a statement that was told to stop may take to do so, before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is told; once could be a moment before it begins.
const TOLD_EVERY: Duration = Duration::from_millis(20);

pub struct Reading {
    coming: mpsc::Receiver<Sent>,
    /// The way back for batches whose rows were taken.
    used: blocking::Sender<Batch>,
    clock: Arc<Clock>,
    stop: Stop,
    columns: Columns,
    /// None once it has ended.
    thread: Option<JoinHandle<(Session, Read)>>,
}

type Read = Result<(), Refusal>;

/// What a reading came to.
pub struct Ended {
    /// None where the thread has not ended; it closes the session when it does.
    pub session: Option<Session>,
    pub columns: Columns,
    pub read: Read,
}

enum Sent {
    /// First, where there is a statement.
    Columns(Columns),
    Rows(Batch),
}

/// The thread's end of a reading.
struct Thread {
    way: mpsc::Sender<Sent>,
    used: blocking::Receiver<Batch>,
    rows_left: usize,
}

impl Reading {
    /// Reads no more than so many rows, and for no longer than the session's clock allows.
    pub fn start(session: Session, sql: String, rows: usize) -> Self {
        let (way, coming) = mpsc::channel(AHEAD);
        let (used, spare) = blocking::channel();
        let (clock, stop) = (session.clock.clone(), session.stop.clone());
        let thread = Thread { way, used: spare, rows_left: rows };
        let thread = Some(task::spawn_blocking(move || thread.run(session, &sql)));
        Self { coming, used, clock, stop, columns: Columns::default(), thread }
    }

    /// Until the last row, or until the passage has ended. Dropped in between, what was taken stays taken.
    pub async fn pass(&mut self, passage: &mut Passage<'_>) {
        while let Some(sent) = self.coming.recv().await {
            let batch = match sent {
                Sent::Columns(columns) => {
                    self.columns = columns;
                    continue;
                }
                Sent::Rows(batch) => batch,
            };
            batch.pass(passage, &mut self.columns);
            if passage.has_ended() {
                return;
            }
            // Nobody needs it any more where the thread has ended.
            drop(self.used.send(batch));
            // A reader that is slower than SQLite would never wait, and no clock would be looked at.
            task::yield_now().await;
        }
    }

    /// After the last row.
    pub async fn finished(mut self) -> Ended {
        match self.thread.take() {
            Some(thread) => self.ended(thread.await),
            None => self.given_up(),
        }
    }

    /// Before the last row.
    pub async fn stopped(mut self) -> Ended {
        self.coming.close();
        let patience = Instant::now() + PATIENCE;
        while let Some(thread) = self.thread.as_mut().filter(|_| Instant::now() < patience) {
            self.clock.expire();
            self.stop.now();
            if let Ok(joined) = tokio::time::timeout(TOLD_EVERY, thread).await {
                self.thread = None;
                return self.ended(joined);
            }
        }
        self.given_up()
    }

    fn ended(mut self, joined: Result<(Session, Read), JoinError>) -> Ended {
        let columns = take(&mut self.columns);
        match joined {
            Ok((session, read)) => Ended { session: Some(session), columns, read },
            Err(error) => Ended { session: None, columns, read: Err(Refusal::Said(format!("reading ended early: {error}"))) },
        }
    }

    fn given_up(mut self) -> Ended {
        Ended { session: None, columns: take(&mut self.columns), read: Err(Refusal::Interrupted) }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Once it has ended, the session may be another's.
        if self.thread.is_some() {
            self.clock.expire();
            self.stop.now();
        }
    }
}

impl Thread {
    fn run(mut self, mut session: Session, sql: &str) -> (Session, Read) {
        let read = match futures::executor::block_on(session.connection.lock_handle()) {
            Ok(mut handle) => self.read(&mut handle, sql),
            Err(error) => Err(Refusal::Said(words(&error))),
        };
        (session, read)
    }

    fn read(&mut self, handle: &mut LockedSqliteHandle<'_>, sql: &str) -> Read {
        let mut statement = Statement::prepare(handle, sql)?;
        if !self.send(Sent::Columns(Columns::declared(statement.columns()))) {
            return Err(Refusal::Interrupted);
        }
        let mut batch = self.next_batch(&statement);
        let mut first = Instant::now();
        while self.rows_left > 0 {
            match statement.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(refusal) => {
                    self.send(Sent::Rows(batch));
                    return Err(refusal);
                }
            }
            if batch.is_empty() {
                first = Instant::now();
            }
            for at in 0..statement.width() {
                batch.push(&statement.cell(at).ok_or_else(|| Refusal::Said("out of memory".to_owned()))?);
            }
            self.rows_left -= 1;
            if batch.is_full() || first.elapsed() >= OLD {
                if !self.send(Sent::Rows(batch)) {
                    return Err(Refusal::Interrupted);
                }
                batch = self.next_batch(&statement);
            }
        }
        self.send(Sent::Rows(batch));
        Ok(())
    }

    fn next_batch(&self, statement: &Statement<'_>) -> Batch {
        self.used.try_recv().unwrap_or_default().emptied(statement.width())
    }

    /// False where nobody wants it any more.
    fn send(&self, sent: Sent) -> bool {
        self.way.blocking_send(sent).is_ok()
    }
}
