//! The writers: each owns a connection and commits whatever appends wait for it as one group. A run has one writer.
//!
//! Invariant: an append is answered after the commit that holds it, and appends of a run are stored in the order of their calls.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};

use super::group::{self, Broken};
use super::{Place, database, error};
use crate::domain::RunId;
use crate::store::appends::{self, Sequel};
use crate::store::{Append, Error};
use crate::telemetry::names;

const WRITERS: usize = 4;
/// Appends that wait for a writer; who comes later waits for a place.
const QUEUE: usize = 512;
/// Appends in one transaction. The driver leaves Nagle's algorithm on, so that a message of more than one TLS record (16 KiB) waits
/// some 40 ms for an acknowledgement: several small groups are stored sooner than a large one.
const LARGEST_GROUP: usize = 12;
/// Bytes of long texts in one transaction, about; one append may have more.
const MOST_BYTES: usize = 10 << 10;
/// A commit that takes longer is given up with its connection.
const TIME_TO_COMMIT: Duration = Duration::from_secs(60);
/// A connection that was idle for longer is tried before it is used.
const TRUSTED: Duration = Duration::from_secs(1);

/// The ways to the writers.
#[derive(Clone, Debug)]
pub struct Queues {
    queues: Vec<mpsc::Sender<Request>>,
}

#[derive(Debug)]
struct Request {
    append: Append,
    reply: oneshot::Sender<Result<(), Error>>,
}

struct Writer {
    place: Place,
    connection: Option<(PgConnection, Instant)>,
    requests: mpsc::Receiver<Request>,
    /// A request that the last group could not take.
    held: Option<Request>,
}

/// Starts the writers; they end when the last queue is gone and everything that waited is answered.
pub fn start(place: &Place) -> Queues {
    let start_one = |_| {
        let (queue, requests) = mpsc::channel(QUEUE);
        tokio::spawn(Writer { place: place.clone(), connection: None, requests, held: None }.work());
        queue
    };
    Queues { queues: (0..WRITERS).map(start_one).collect() }
}

impl Queues {
    /// Returns when the append is on disk, or will never be. A caller that goes away meanwhile does not stop it.
    pub async fn append(&self, append: Append) -> Result<(), Error> {
        let stopped = || Error::Failed("the writer has stopped".to_owned());
        let mut hasher = DefaultHasher::new();
        append.run.hash(&mut hasher);
        let queue = &self.queues[(hasher.finish() % self.queues.len() as u64) as usize];
        let (reply, answer) = oneshot::channel();
        queue.send(Request { append, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Writer {
    async fn work(mut self) {
        while let Some(requests) = self.next_group().await {
            let (appends, replies): (Vec<Append>, Vec<_>) = requests.into_iter().map(|request| (request.append, request.reply)).unzip();
            let answers = self.store(&appends.iter().collect::<Vec<_>>()).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // whoever asked may be gone
                let _ = reply.send(answer);
            }
        }
    }

    /// All that waits and may share a transaction; none when nobody will ever ask again.
    async fn next_group(&mut self) -> Option<Vec<Request>> {
        let first = match self.held.take() {
            Some(held) => held,
            None => self.requests.recv().await?,
        };
        let mut group = Group::default();
        group.admit(&first.append);
        let mut requests = vec![first];
        while requests.len() < LARGEST_GROUP {
            let Ok(request) = self.requests.try_recv() else { break };
            if !group.admit(&request.append) {
                self.held = Some(request);
                break;
            }
            requests.push(request);
        }
        Some(requests)
    }

    async fn store(&mut self, group: &[&Append]) -> Vec<Result<(), Error>> {
        match self.commit(group).await {
            Ok(answers) => answers,
            // One of them cannot be stored; the others must not suffer from it.
            Err(error) if group.len() > 1 && self.connection.is_some() && !matches!(error, Error::Full(_) | Error::ReadOnly(_)) => {
                let mut answers = Vec::with_capacity(group.len());
                for append in group {
                    answers.push(self.commit(&[append]).await.and_then(|mut answers| answers.pop().expect("one append has one answer")));
                }
                answers
            }
            Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// A connection that is lost before the commit costs a second try, on a new one.
    async fn commit(&mut self, group: &[&Append]) -> Result<Vec<Result<(), Error>>, Error> {
        let began = Instant::now();
        let stored = match self.try_commit(group).await {
            Err(Broken::Database(error)) if !error::leaves_connection(&error) => self.try_commit(group).await,
            stored => stored,
        };
        let error = match stored {
            Ok(answers) => {
                histogram!(names::JOURNAL_COMMIT_SECONDS).record(began.elapsed().as_secs_f64());
                histogram!(names::JOURNAL_GROUP_SIZE).record(group.len() as f64);
                let stored = group.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
                counter!(names::JOURNAL_EVENTS_TOTAL).increment(stored.map(|(append, _)| append.records.len() as u64).sum());
                return Ok(answers);
            }
            Err(Broken::Ours(error)) => error,
            Err(Broken::Database(error) | Broken::Commit(error)) => error::of(&self.place, &error),
        };
        tracing::warn!(error = %error, writes = group.len(), "a group of writes was not stored");
        Err(error)
    }

    async fn try_commit(&mut self, group: &[&Append]) -> Result<Vec<Result<(), Error>>, Broken> {
        let mut connection = self.connected().await?;
        let Ok(stored) = tokio::time::timeout(TIME_TO_COMMIT, group::store(&mut connection, group)).await else {
            return Err(Broken::Ours(Error::Failed(format!("`{}`: a commit took longer than {TIME_TO_COMMIT:?}", self.place))));
        };
        let usable = match &stored {
            Err(Broken::Database(error) | Broken::Commit(error)) => error::leaves_connection(error),
            Ok(_) | Err(Broken::Ours(_)) => true,
        };
        if usable {
            self.connection = Some((connection, Instant::now()));
        }
        stored
    }

    /// The connection, taken out, or a new one.
    async fn connected(&mut self) -> Result<PgConnection, sqlx::Error> {
        if let Some((mut connection, used)) = self.connection.take()
            && (used.elapsed() < TRUSTED || connection.ping().await.is_ok())
        {
            return Ok(connection);
        }
        database::connect(&self.place).await
    }
}

/// Keeps the appends of one run in order: within a group they follow each other.
#[derive(Debug, Default)]
struct Group {
    sequels: HashMap<RunId, Sequel>,
    bytes: usize,
}

impl Group {
    /// Whether the append may join; what may not waits for the next group.
    fn admit(&mut self, append: &Append) -> bool {
        let follows = self.sequels.get(&append.run).is_none_or(|sequel| sequel.is(append));
        if !follows || (self.bytes > 0 && self.bytes + appends::size(append) > MOST_BYTES) {
            return false;
        }
        self.sequels.insert(append.run, Sequel::of(append));
        self.bytes += appends::size(append);
        true
    }
}
