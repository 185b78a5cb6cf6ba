//! The one writer: it owns the connection that writes, and commits whatever waits as one group.
//!
//! Invariant: a request is answered after the commit that holds it, and an error means that nothing of it was stored.

use std::sync::Arc;
use std::time::Instant;

use metrics::{counter, histogram};
use sqlx::{Connection, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::error;
use super::group::{self, Broken};
use super::requests::{Answer, Group, Request, Write};
use crate::store::Error;
use crate::store::folder::Folder;
use crate::telemetry::names;

/// Requests that wait for the writer; who comes later waits for a place.
const QUEUE: usize = 1_024;
/// Requests in one transaction.
const LARGEST_GROUP: usize = 512;

/// The way to the writer.
#[derive(Clone, Debug)]
pub struct Queue {
    requests: mpsc::Sender<Request>,
}

impl Queue {
    /// Returns when the write is on disk, or will never be. A caller that goes away meanwhile does not stop it.
    pub async fn write(&self, write: Write) -> Result<Answer, Error> {
        let stopped = || Error::Failed("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request { write, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

struct Writer {
    connection: SqliteConnection,
    requests: mpsc::Receiver<Request>,
    /// A request that the last group could not take.
    held: Option<Request>,
    /// The first number that no entry has.
    next_entry: i64,
    /// Held, so that the folder stays ours until the last write is done.
    folder: Arc<Folder>,
}

/// Starts the writer; it ends when the last queue is gone and everything that waited is answered.
pub async fn start(mut connection: SqliteConnection, folder: Arc<Folder>) -> Result<(Queue, tokio::task::JoinHandle<()>), Error> {
    let row = sqlx::query("select coalesce(max(id), 0) + 1 from entries")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| error::of(folder.path(), &error))?;
    let (queue, requests) = mpsc::channel(QUEUE);
    let writer = Writer { connection, requests, held: None, next_entry: row.get(0), folder };
    Ok((Queue { requests: queue }, tokio::spawn(writer.work())))
}

impl Writer {
    async fn work(mut self) {
        while let Some(requests) = self.gather().await {
            let (writes, replies): (Vec<Write>, Vec<_>) = requests.into_iter().map(|request| (request.write, request.reply)).unzip();
            let answers = self.store(&writes.iter().collect::<Vec<_>>()).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // who does not wait any more does not want the answer
                let _ = reply.send(answer);
            }
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(error = %error, "the journal was not closed cleanly; it is repaired when it is opened next");
        }
    }

    /// The next group: what waits now, as far as it may share a transaction.
    async fn gather(&mut self) -> Option<Vec<Request>> {
        let first = match self.held.take() {
            Some(held) => held,
            None => self.requests.recv().await?,
        };
        let mut group = Group::default();
        group.admit(&first.write);
        let mut requests = vec![first];
        while requests.len() < LARGEST_GROUP {
            let Ok(request) = self.requests.try_recv() else { break };
            if !group.admit(&request.write) {
                self.held = Some(request);
                break;
            }
            requests.push(request);
        }
        Some(requests)
    }

    async fn store(&mut self, writes: &[&Write]) -> Vec<Result<Answer, Error>> {
        match self.commit(writes).await {
            Ok(answers) => answers,
            // The disk refuses every write alike.
            Err(error @ (Error::Full(_) | Error::ReadOnly(_))) => writes.iter().map(|_| Err(error.clone())).collect(),
            Err(error) if writes.len() == 1 => vec![Err(error)],
            // One of them cannot be stored; the others must not suffer from it.
            Err(_) => {
                let mut answers = Vec::with_capacity(writes.len());
                for write in writes {
                    answers.push(self.commit(&[write]).await.and_then(|mut answers| answers.pop().expect("one write has one answer")));
                }
                answers
            }
        }
    }

    async fn commit(&mut self, writes: &[&Write]) -> Result<Vec<Result<Answer, Error>>, Error> {
        let began = Instant::now();
        let stored = group::store(&mut self.connection, writes, &mut self.next_entry).await;
        match stored {
            Ok(answers) => {
                histogram!(names::JOURNAL_COMMIT_SECONDS).record(began.elapsed().as_secs_f64());
                histogram!(names::JOURNAL_GROUP_SIZE).record(writes.len() as f64);
                counter!(names::JOURNAL_EVENTS_TOTAL).increment(events(writes, &answers));
                Ok(answers)
            }
            Err(broken) => {
                // Where SQLite has rolled back by itself there is nothing left to roll back.
                let _ = sqlx::query("rollback").execute(&mut self.connection).await;
                let error = match broken {
                    Broken::Database(error) => error::of(self.folder.path(), &error),
                    Broken::Ours(error) => error,
                };
                tracing::warn!(error = %error, writes = writes.len(), "a group of writes was not stored");
                Err(error)
            }
        }
    }
}

fn events(writes: &[&Write], answers: &[Result<Answer, Error>]) -> u64 {
    let stored = writes.iter().zip(answers).filter(|(_, answer)| answer.is_ok());
    stored.map(|(write, _)| if let Write::Append(append) = write { append.records.len() as u64 } else { 0 }).sum()
}
