//! Streams of runs: every frame is encoded once and shared by all readers; who falls behind is served from the journal.
//!
//! Invariants: a frame is published only after it was committed; a reader sees every number once and in order,
//! whether it comes from the live feed or from the journal; no reader slows a run or holds memory for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::domain::{RunId, Seq};
use crate::store::{Record, Store};

use super::Settings;
use crate::telemetry::names;

/// What a page of the journal should not be much larger than: a reader that stops reading holds one page at most.
const PAGE_BYTES: usize = 64 * 1024;
/// Records of a first page, before it is known how large they are.
const FIRST_PAGE: usize = 16;

/// The comment that keeps proxies awake.
const STILL_HERE: &[u8] = b": still here\n\n";

/// Complete SSE frames (several may stand in one chunk), comments included; ends by itself after the last event.
pub type FrameStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// Committed frames of one append, in one piece of memory for all readers.
#[derive(Clone)]
pub struct Batch {
    pub first: Seq,
    pub last: Seq,
    /// The run's last event is among them.
    pub ends: bool,
    pub frames: Bytes,
}

/// The live end of one run's stream.
pub struct Feed {
    signals: broadcast::Sender<Signal>,
    /// The last number that was published.
    head: AtomicU64,
}

/// What a reader of a live stream is told.
#[derive(Clone)]
pub enum Signal {
    Frames(Batch),
    /// Proxies are to see that the stream lives. It names the last number, for a reader that lost the batch which brought it.
    StillHere {
        head: Seq,
    },
}

/// The feeds of all runs that are live or read here.
pub struct Feeds {
    runs: Mutex<HashMap<RunId, Arc<Feed>>>,
    headlines: broadcast::Sender<Bytes>,
    depth: usize,
}

impl Feeds {
    pub fn new(settings: &Settings) -> Self {
        let (headlines, _) = broadcast::channel(1_024);
        Self { runs: Mutex::default(), headlines, depth: settings.feed_depth }
    }

    pub fn of(&self, run: RunId) -> Arc<Feed> {
        match self.lock().entry(run) {
            MapEntry::Occupied(feed) => feed.get().clone(),
            MapEntry::Vacant(place) => {
                place.insert(Arc::new(Feed { signals: broadcast::channel(self.depth).0, head: AtomicU64::new(0) })).clone()
            }
        }
    }

    /// The run has ended: who reads on holds the feed, nobody finds it any more.
    pub fn forget(&self, run: RunId) {
        self.lock().remove(&run);
    }

    pub fn publish_headline(&self, headline: impl FnOnce() -> Bytes) {
        if self.headlines.receiver_count() > 0 {
            // No reader left in the meantime is no error.
            let _ = self.headlines.send(headline());
        }
    }

    /// Says to every reader that its stream lives. One clock for all of them: a timer a reader would cost more than the frames.
    pub fn keep_awake(&self) {
        for feed in self.lock().values() {
            // No reader is no error, here and below.
            let _ = feed.signals.send(Signal::StillHere { head: feed.head.load(Ordering::Acquire) });
        }
        let _ = self.headlines.send(Bytes::from_static(STILL_HERE));
    }

    pub fn headlines(&self) -> broadcast::Receiver<Bytes> {
        self.headlines.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Feed>>> {
        self.runs.lock().expect("nothing panics while it holds the feeds")
    }
}

impl Feed {
    pub fn publish(&self, batch: Batch) {
        self.head.store(batch.last, Ordering::Release);
        // No reader is no error.
        let _ = self.signals.send(Signal::Frames(batch));
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.signals.subscribe()
    }
}

/// Frames of records in one piece.
pub fn encode(run: RunId, records: &[Record]) -> Bytes {
    let mut frames = String::with_capacity(records.iter().map(|record| record.data.len() + 220).sum());
    for record in records {
        record.frame_into(run, &mut frames);
    }
    Bytes::from(frames)
}

/// What a reader of one run is about.
pub struct Reading {
    pub run: RunId,
    /// The last number that the reader has.
    pub after: Seq,
    /// The head when the reading was asked for.
    pub head: Seq,
    /// Present where the reader follows a run that has not ended.
    pub live: Option<broadcast::Receiver<Signal>>,
}

/// Streams the journal from `after` on, then the live feed.
pub fn stream(store: Arc<dyn Store>, settings: &Settings, reading: Reading) -> FrameStream {
    let reader = Reader {
        store,
        run: reading.run,
        cursor: reading.after,
        target: reading.head,
        live: reading.live,
        ended: false,
        page: FIRST_PAGE.min(settings.journal_page),
        most_a_page: settings.journal_page,
        greeting: Some(Bytes::from(format!("retry: {}\n\n", settings.reconnect_ms))),
        _counted: Counted::new(),
    };
    Box::pin(unfold(reader, |mut reader| async move { reader.next().await.map(|frames| (frames, reader)) }))
}

/// Changes of all runs. A reader that falls behind misses headlines, never a run's last one for long: the next change tells all.
pub fn follow_headlines(changes: broadcast::Receiver<Bytes>) -> impl Stream<Item = Bytes> + Send {
    unfold(changes, move |mut changes| async move {
        loop {
            match changes.recv().await {
                Ok(frame) => return Some((frame, changes)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

struct Reader {
    store: Arc<dyn Store>,
    run: RunId,
    cursor: Seq,
    /// Numbers up to this one are in the journal.
    target: Seq,
    live: Option<broadcast::Receiver<Signal>>,
    ended: bool,
    /// Records of the next page, so many that it has about `PAGE_BYTES`.
    page: usize,
    most_a_page: usize,
    greeting: Option<Bytes>,
    _counted: Counted,
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            if self.cursor < self.target {
                return self.read_journal().await;
            }
            if self.ended {
                return None;
            }
            let live = self.live.as_mut()?;
            match live.recv().await {
                Ok(Signal::StillHere { head }) => {
                    self.target = self.target.max(head);
                    return Some(Bytes::from_static(STILL_HERE));
                }
                Ok(Signal::Frames(batch)) => {
                    self.ended = batch.ends;
                    if batch.first == self.cursor + 1 {
                        self.cursor = batch.last;
                        self.target = batch.last;
                        return Some(batch.frames);
                    }
                    // Partly known or with a gap before it: the journal has it all. An older batch than that is passed over.
                    self.target = self.target.max(batch.last);
                }
                Err(RecvError::Lagged(_)) => {
                    metrics::counter!(names::SSE_LAGGED_TOTAL).increment(1);
                    // The next batch that is received tells how far to read.
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// A page of the journal. A journal that cannot be read ends the stream; the reader comes back with its last number.
    async fn read_journal(&mut self) -> Option<Bytes> {
        let records = match self.store.records(self.run, self.cursor, self.page).await {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(run.id = %self.run, %error, "a reader's page of the journal could not be read");
                return None;
            }
        };
        let last = records.last()?.seq;
        metrics::histogram!(names::SSE_LAG_EVENTS).record((self.target.saturating_sub(self.cursor)) as f64);
        self.cursor = last;
        self.target = self.target.max(last);
        let frames = encode(self.run, &records);
        self.page = (PAGE_BYTES * records.len() / frames.len().max(1)).clamp(1, self.most_a_page.max(1));
        Some(frames)
    }
}

/// A reader in the gauge of readers.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!(names::SSE_SUBSCRIBERS).increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!(names::SSE_SUBSCRIBERS).decrement(1.0);
    }
}
