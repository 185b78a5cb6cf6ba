//! The engine in this process, with a real store and source, and what it withstands from inside: panics, lost actors, a full disk,
//! a source that does not answer, a reader that is far behind.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use fathom::domain::{Budget, Event, EventBody, Intent, RunId, RunRequest, RunStatus, SnapshotId, SourceKey};
use fathom::engine::feed::{self, Batch, Feeds, Reading};
use fathom::engine::launch::{Parts, launch};
use fathom::engine::{Error, FrameStream, Runs, Settings};
use fathom::experts::{
    Act, BuiltinReasoning, Desk, DeskFolders, Plan, PlanBrief, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolResult,
};
use fathom::source::Progress;
use fathom::store::{SqliteStore, Store};
use fathom::tools::{LocalWorkbench, Problem, Registry, Workbench, Workspace};
use futures::StreamExt;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::client::{assert_whole, parse_events};
use crate::support::shop;
use crate::support::stumbling::{Stumble, Stumbling};

const LONG: Duration = Duration::from_secs(60);
/// Before a source that does not answer is asked again.
const LONGEST_WAIT_FOR_A_SOURCE: Duration = Duration::from_secs(20);

struct Stage {
    runs: Runs,
    store: Arc<SqliteStore>,
    source: String,
}

/// Plays a scene with an engine of its own, whose parts may be changed, on a runtime and actor system of its own.
fn play<Scene: Future<Output = ()>>(change: impl FnOnce(&mut Parts), scene: impl FnOnce(Stage) -> Scene) {
    play_on(Builder::new_multi_thread().worker_threads(2), change, scene);
}

fn play_on<Scene: Future<Output = ()>>(threads: &mut Builder, change: impl FnOnce(&mut Parts), scene: impl FnOnce(Stage) -> Scene) {
    let runtime = Arc::new(threads.enable_all().build().unwrap());
    actix_rt::System::with_tokio_rt(move || runtime).block_on(async move {
        let folder = TempDir::new().unwrap();
        let source = shop::make(folder.path(), "shop.db").await;
        scene(stage(&folder.path().join("data"), source.display().to_string(), change).await).await;
    });
}

async fn stage(data: &Path, source: String, change: impl FnOnce(&mut Parts)) -> Stage {
    let store = Arc::new(SqliteStore::open(data).await.unwrap());
    let shared: Arc<dyn Store> = store.clone();
    let registry = Arc::new(Registry::standard(fathom::tools::Settings::default()));
    let desk = Arc::new(Desk::load(&DeskFolders::default(), registry).unwrap());
    let rules: Arc<dyn Reasoning> = Arc::new(desk.builtin_reasoning());
    let mut parts = Parts {
        store: shared.clone(),
        workbench: Arc::new(LocalWorkbench::new(shared.clone(), crate::support::book(shared), fathom::source::Settings::default())),
        desk,
        reasoning: Arc::new(move |_| Ok(rules.clone())),
        settings: Settings { retry_base_ms: 1, ..Settings::default() },
        node: "test".to_owned(),
    };
    change(&mut parts);
    Stage { runs: launch(parts), store, source }
}

impl Stage {
    fn request(&self) -> RunRequest {
        RunRequest {
            source: self.source.clone(),
            snapshot: None,
            schema: None,
            max_iterations: 2,
            tasks_per_iter: 2,
            intent: Intent::default(),
            budget: Budget::default(),
            model: "builtin".to_owned(),
            outside: None,
        }
    }

    async fn start(&self) -> RunId {
        self.runs.start(self.request(), None).await.unwrap().row.id
    }

    async fn status(&self, run: RunId) -> RunStatus {
        self.runs.run(run).await.unwrap().status
    }

    async fn ended(&self, run: RunId) -> Vec<Event> {
        let deadline = Instant::now() + LONG;
        while !self.status(run).await.is_ended() {
            assert!(Instant::now() < deadline, "the run does not end: {:?}", self.runs.run(run).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let records = self.store.records(run, 0, 10_000).await.unwrap();
        let events: Vec<Event> = records.iter().map(|record| record.decode(run).unwrap()).collect();
        assert!(events.iter().map(|event| event.seq).eq(1..=events.len() as u64));
        events
    }
}

/// Reads a stream until it ends by itself.
async fn read(frames: FrameStream) -> Vec<Value> {
    let chunks: Vec<Bytes> = timeout(LONG, frames.collect()).await.expect("the stream ends");
    parse_events(std::str::from_utf8(&chunks.concat()).unwrap())
}

/// Thinks by rule, but panics the first few times that it is to choose tools.
struct Panicking {
    rules: BuiltinReasoning,
    panics_left: AtomicU32,
}

#[async_trait]
impl Reasoning for Panicking {
    fn name(&self) -> &str {
        "panicking"
    }

    async fn plan(&self, brief: &PlanBrief) -> Result<Thought<Plan>, ThoughtError> {
        self.rules.plan(brief).await
    }

    async fn act(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Act>, ThoughtError> {
        let left = self.panics_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "an expert loses its head");
        self.rules.act(brief, rounds).await
    }

    async fn reflect(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError> {
        self.rules.reflect(brief, rounds).await
    }
}

#[test]
fn a_panic_fails_its_task_with_the_reason_and_neither_the_run_nor_another() {
    let panicking = |parts: &mut Parts| {
        let reasoning: Arc<dyn Reasoning> = Arc::new(Panicking { rules: parts.desk.builtin_reasoning(), panics_left: AtomicU32::new(2) });
        parts.reasoning = Arc::new(move |_| Ok(reasoning.clone()));
    };
    play(panicking, |stage| async move {
        let (first, second) = (stage.start().await, stage.start().await);
        let mut panics = 0;
        for run in [first, second] {
            let events = stage.ended(run).await;
            assert_eq!(stage.status(run).await, RunStatus::Finished);
            panics += events
                .iter()
                .filter(|event| matches!(&event.body, EventBody::TaskFailed { reason, retry_in_ms: Some(_), .. } if reason.contains("loses its head")))
                .count();
            assert_eq!(stage.runs.run(run).await.unwrap().summary.tasks_failed, 0, "a second attempt did it");
        }
        assert_eq!(panics, 2);
    });
}

#[test]
fn a_full_disk_stops_a_run_with_nothing_lost_until_there_is_room() {
    play(
        |_| (),
        |stage| async move {
            // SQLite takes this as: no page more than there are.
            stage.store.bound_pages(1).await.unwrap();
            let mut runs = Vec::new();
            let refused = loop {
                match stage.runs.start(stage.request(), None).await {
                    Ok(started) => runs.push(started.row.id),
                    Err(error) => break error,
                }
                assert!(runs.len() < 1_000, "the disk never became full");
            };
            assert!(matches!(refused, Error::Store(fathom::store::Error::Full(_))), "{refused:?}");
            let mut stuck = 0;
            for run in &runs {
                stuck += usize::from(!stage.status(*run).await.is_ended());
            }
            assert!(stuck > 0, "all of {} runs ended although the disk was full", runs.len());
            stage.store.bound_pages(1_000_000).await.unwrap();
            for run in runs {
                let events = stage.ended(run).await;
                assert_eq!(stage.status(run).await, RunStatus::Finished);
                assert_eq!(events.iter().filter(|event| event.body.is_last()).count(), 1);
            }
        },
    );
}

fn stumbling<const TIMES: usize>(stumbles: [Stumble; TIMES]) -> impl FnOnce(&mut Parts) {
    move |parts| parts.store = Arc::new(Stumbling::new(parts.store.clone(), stumbles))
}

#[test]
fn a_run_whose_actor_is_lost_again_and_again_is_ended_with_that_reason_and_its_readers_see_it() {
    play(stumbling([Stumble::Panics; 5]), |stage| async move {
        let run = stage.start().await;
        let seen = read(stage.runs.follow(run, 0, true).await.unwrap()).await;
        assert_whole(&seen);
        let end = seen.last().unwrap();
        assert_eq!((end["message"].as_str(), end["data"]["code"].as_str()), (Some("error"), Some("run_abandoned")), "{end}");
        assert!(end["data"]["reason"].as_str().unwrap().contains("came to grief 5 times after event 3"), "{end}");
        assert_eq!(stage.status(run).await, RunStatus::Failed);
        assert_eq!(stage.ended(run).await.len(), seen.len());
        let next = stage.start().await;
        stage.ended(next).await;
        assert_eq!(stage.status(next).await, RunStatus::Finished, "the engine goes on");
    });
}

#[test]
fn a_store_that_cannot_write_counts_for_no_loss_of_a_runs_actor() {
    use Stumble::{Panics, Refuses};
    play(stumbling([Refuses, Refuses, Refuses, Refuses, Refuses, Panics]), |stage| async move {
        let run = stage.start().await;
        let events = stage.ended(run).await;
        assert_eq!(stage.status(run).await, RunStatus::Finished, "{:?}", events.last());
    });
}

#[test]
fn a_panic_while_a_run_is_loaded_harms_neither_it_nor_another() {
    play(stumbling([Stumble::Panics, Stumble::PanicsAtClaim]), |stage| async move {
        let (first, second) = (stage.start().await, stage.start().await);
        for run in [first, second] {
            stage.ended(run).await;
            assert_eq!(stage.status(run).await, RunStatus::Finished);
        }
    });
}

#[test]
fn a_reader_that_lost_every_event_and_hears_only_that_its_stream_lives_still_gets_them_all() {
    play(
        |_| (),
        |stage| async move {
            let run = stage.start().await;
            let written = stage.ended(run).await.len();
            // Pages of one event, so that no page happens to reach further than it was told to.
            let settings = Settings { feed_depth: 2, journal_page: 1, ..Settings::default() };
            let feeds = Feeds::new(&settings);
            let feed = feeds.of(run);
            let reading = Reading { run, after: 0, head: 0, live: Some(feed.subscribe()) };
            for record in stage.store.records(run, 0, 10_000).await.unwrap() {
                let (seq, frames) = (record.seq, feed::encode(run, &[record]));
                feed.publish(Batch { first: seq, last: seq, ends: false, frames });
            }
            for _ in 0..settings.feed_depth {
                feeds.keep_awake();
            }
            // Nothing more will be said.
            feeds.forget(run);
            drop(feed);
            let seen = read(feed::stream(stage.store.clone(), &settings, reading)).await;
            assert_eq!(seen.len(), written);
            assert_whole(&seen);
        },
    );
}

/// Sources that do not answer the first few times.
struct Away {
    behind: Arc<dyn Workbench>,
    unanswered: u32,
    asked: watch::Sender<u32>,
}

#[async_trait]
impl Workbench for Away {
    async fn check(&self, source: &str) -> Result<SourceKey, Problem> {
        self.behind.check(source).await
    }

    async fn harvest(&self, source: &str, progress: &Progress) -> Result<Arc<Workspace>, Problem> {
        self.behind.harvest(source, progress).await
    }

    async fn open(&self, source: &str, snapshot: Option<&SnapshotId>) -> Result<Arc<Workspace>, Problem> {
        self.asked.send_modify(|asked| *asked += 1);
        if *self.asked.borrow() <= self.unanswered {
            return Err(Problem::Unavailable("nobody is at home".to_owned()));
        }
        self.behind.open(source, snapshot).await
    }
}

/// Plays a run whose source does not answer the first few times, in no time; the events come with how often it was asked.
fn play_away(unanswered: u32, waits: u32, scene: impl FnOnce(Vec<Event>, u32)) {
    let (asked, mut asks) = watch::channel(0);
    let away = |parts: &mut Parts| parts.workbench = Arc::new(Away { behind: parts.workbench.clone(), unanswered, asked });
    // One thread: only there can time be made to pass, and the wait has begun when the test hears of the question before it.
    play_on(&mut Builder::new_current_thread(), away, |stage| async move {
        let run = stage.start().await;
        for times in 1..=waits {
            let heard = timeout(LONG / 6, asks.wait_for(|asked| *asked == times)).await;
            assert!(heard.is_ok(), "the source was not asked for the time {times}");
            drop(heard);
            tokio::time::pause();
            tokio::time::advance(LONGEST_WAIT_FOR_A_SOURCE).await;
            tokio::time::resume();
        }
        scene(stage.ended(run).await, *asks.borrow());
    });
}

#[test]
fn a_run_is_shown_as_of_one_event() {
    let behind = |parts: &mut Parts| parts.store = Arc::new(Stumbling::behind(parts.store.clone(), 4));
    play(behind, |stage| async move {
        let run = stage.start().await;
        let events = stage.ended(run).await;
        assert!(events[4..].iter().any(|event| matches!(event.body, EventBody::TasksPlanned { .. })), "the plan comes later");
        let (row, view) = stage.runs.look(run).await.unwrap();
        assert_eq!((row.next_seq, view.tasks.len(), view.stop_reason), (5, 0, None), "what is shown is younger than the row");
    });
}

#[test]
fn a_run_goes_on_when_its_source_answers_again() {
    play_away(2, 2, |events, asked| {
        assert_eq!(asked, 3);
        assert!(matches!(events.last().unwrap().body, EventBody::Finished { .. }), "{:?}", events.last());
        assert!(events.iter().any(|event| matches!(event.body, EventBody::TaskDone { .. })));
    });
}

#[test]
fn a_source_that_never_answers_is_asked_six_times_and_then_fails_the_run_with_a_code() {
    play_away(u32::MAX, 5, |events, asked| {
        assert_eq!(asked, 6);
        let EventBody::Error { code, reason, .. } = &events.last().unwrap().body else { panic!("{:?}", events.last()) };
        assert_eq!((code.as_str(), reason.as_str()), ("source_unavailable", "nobody is at home"));
        assert_eq!(events.len(), 2, "nothing but the start stands before it");
    });
}
