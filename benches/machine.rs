//! What a step of the run machine costs, and encoding and fanning out a frame.

use std::sync::Arc;

use divan::{Bencher, black_box};
use fathom::domain::event::ModelCall;
use fathom::domain::{Budget, Confidence, EntryStatus, EventBody, Intent, PlannedTask, RunId, RunRequest, SnapshotId, TaskId, TaskOutcome};
use fathom::engine::Settings;
use fathom::engine::feed::{self, Batch, Feeds};
use fathom::engine::run::input::Input;
use fathom::engine::run::machine::{Rules, handle};
use fathom::engine::run::state::RunState;
use fathom::store::Record;

fn main() {
    divan::main();
}

fn request() -> RunRequest {
    RunRequest {
        source: "sqlite:shop.db".to_owned(),
        snapshot: None,
        schema: None,
        max_iterations: 1_000,
        tasks_per_iter: 3,
        intent: Intent::default(),
        budget: Budget::default(),
        model: "mock".to_owned(),
        outside: None,
    }
}

fn written(digest: u64) -> EventBody {
    EventBody::CatalogWritten {
        task: Some(TaskId(1)),
        kind: "table".to_owned(),
        key: "table/main.orders".to_owned(),
        confidence: Confidence::clamped(0.7),
        status: EntryStatus::Draft,
        digest: format!("{digest:016x}"),
    }
}

/// One whole iteration of three tasks: 3 × (start, two steps, end) and a plan.
fn iteration(state: &mut RunState, rules: Rules, number: u32) {
    let planned =
        PlannedTask { expert: "structural".to_owned(), goal: "look".to_owned(), schema: "main".to_owned(), table: None, priority: 0.5 };
    let call = ModelCall { calls: 1, prompt_tokens: 900, answer_tokens: 80, ..ModelCall::default() };
    let tasks = vec![planned; 3];
    let mut give = |input| black_box(handle(state, rules, input, 1_000).expect("wanted"));
    give(Input::PlanMade { iteration: number, revision: 0, tasks, notes: String::new(), call: call.clone() });
    for task in (number - 1) * 3 + 1..=number * 3 {
        let task = TaskId(task);
        give(Input::TaskBegan { task, attempt: 1 });
        let answered = EventBody::ModelAnswered { task: Some(task), step: "act/1".to_owned(), call: call.clone() };
        give(Input::StepRecorded { task, events: vec![answered], finished: None });
        let events = vec![written(u64::from(task.0)), written(u64::from(task.0) + 1_000_000)];
        give(Input::StepRecorded { task, events, finished: Some(TaskOutcome::default()) });
    }
}

#[divan::bench]
fn an_iteration_of_three_tasks(bencher: Bencher) {
    let rules = Rules::from(&Settings::default());
    let opened = || {
        let mut state = RunState::new(request());
        handle(&mut state, rules, Input::Begin { reasoning: String::new(), experts: Vec::new() }, 0).expect("wanted");
        let snapshot = SnapshotId("snap_1".to_owned());
        let opened =
            Input::SourceOpened { snapshot, schema: "main".to_owned(), schemas: Vec::new(), tables: vec!["orders".to_owned()], count: 1 };
        handle(&mut state, rules, opened, 0).expect("wanted");
        state
    };
    bencher.with_inputs(opened).bench_local_values(|mut state| iteration(&mut state, rules, 1));
}

#[divan::bench]
fn a_record_and_its_frame(bencher: Bencher) {
    let run = RunId::fresh();
    let event = written(7);
    bencher.bench(|| feed::encode(run, &[Record::encode(1, 0, black_box(&event))]));
}

/// Publishing one batch that every reader receives: the cost in the process, without sockets.
#[divan::bench(args = [100, 1_000, 5_000])]
fn a_batch_to_readers(bencher: Bencher, readers: usize) {
    let run = RunId::fresh();
    let feeds = Arc::new(Feeds::new(&Settings::default()));
    let feed = feeds.of(run);
    let mut receivers: Vec<_> = (0..readers).map(|_| feed.subscribe()).collect();
    let frames = feed::encode(run, &[Record::encode(1, 0, &written(7))]);
    let mut seq = 0;
    bencher.bench_local(|| {
        seq += 1;
        feed.publish(Batch { first: seq, last: seq, ends: false, frames: frames.clone() });
        for receiver in &mut receivers {
            black_box(receiver.try_recv().expect("just published"));
        }
    });
}
