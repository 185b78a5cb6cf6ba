//! A task that dies at any of its records goes on where it was: what was stored is not done again, and the end is the same.

use std::sync::Arc;

use fathom::domain::{Confidence, EventBody, Insight, TaskId};
use fathom::experts::thought::{Act, ProposedWrite, Reflection, ToolCall};
use fathom::experts::{Flow, TaskError, perform};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::fakes::{MemoryRecorder, ScriptedReasoning, context, counting, desk, task, workspace};

fn call(name: &str, column: &str) -> ToolCall {
    ToolCall { name: name.to_owned(), args: json!({ "schema": "shop", "table": "orders", "column": column }) }
}

fn acts() -> Vec<Act> {
    let first = Act { tool_calls: vec![call("describe_table", "a"), call("get_constraints", "b")], notes: "first".to_owned(), more: true };
    let second = Act { tool_calls: vec![call("find_reference_candidates", "c")], notes: "second".to_owned(), more: false };
    vec![first, second]
}

fn reflection() -> Reflection {
    Reflection {
        catalog_writes: vec![
            ProposedWrite {
                kind: "relationship".to_owned(),
                key: "rel/shop.orders.customer_id->shop.customers.id".to_owned(),
                document: json!({ "meaning": "who ordered" }),
                tags: Vec::new(),
                links: Vec::new(),
            },
            ProposedWrite {
                kind: "table".to_owned(),
                key: "table/shop.orders".to_owned(),
                document: json!({ "summary": "one order" }),
                tags: Vec::new(),
                links: Vec::new(),
            },
        ],
        insights: vec![Insight {
            claim: "orders have customers".to_owned(),
            confidence: Confidence::clamped(0.7),
            evidence: vec!["tool/1/0".to_owned()],
        }],
        questions_for_user: Vec::new(),
    }
}

const STEPS: [&str; 7] = ["act/1", "tool/1/0", "tool/1/1", "act/2", "tool/2/0", "reflect", "conclude"];

async fn run(recorder: Arc<MemoryRecorder>, stored: Arc<MemoryRecorder>, skip_acts: usize) -> (Result<(), TaskError>, usize, Vec<String>) {
    let (desk, calls) = desk();
    let reasoning = ScriptedReasoning::new(acts().split_off(skip_acts), reflection());
    let flow = Flow::new(TaskId(3), recorder, stored.rows(), CancellationToken::new());
    let result =
        perform(&desk, &flow, task("structural", "orders", "look"), context(workspace(counting([1000, 0, 40, 40, 40])), reasoning.clone()))
            .await;
    let asked = reasoning.asked.lock().unwrap().clone();
    let called = calls.lock().unwrap().len();
    (result, called, asked)
}

#[tokio::test]
async fn stored_steps_are_not_executed_again_at_any_crash_position() {
    let whole = Arc::new(MemoryRecorder::default());
    let (result, called, asked) = run(whole.clone(), Arc::default(), 0).await;
    result.unwrap();
    assert_eq!((called, asked.len()), (3, 3));
    assert_eq!(whole.steps(), STEPS);

    for died_after in 0..STEPS.len() {
        let first = MemoryRecorder::dying_after(died_after);
        let (result, ..) = run(first.clone(), Arc::default(), 0).await;
        assert!(matches!(result, Err(TaskError::Stopped(_))), "dies after {died_after}");
        let stored = first.steps();
        assert_eq!(stored, STEPS[..died_after], "what was stored before the end");

        let second = Arc::new(MemoryRecorder::default());
        let stored_acts = stored.iter().filter(|step| step.starts_with("act/")).count();
        let (result, called, asked) = run(second.clone(), first.clone(), stored_acts).await;
        result.unwrap();
        assert_eq!(second.steps(), STEPS[died_after..], "after {died_after}");
        let left = |prefix: &str| STEPS[died_after..].iter().filter(|step| step.starts_with(prefix)).count();
        assert_eq!(called, left("tool/"), "tool calls after {died_after}");
        assert_eq!(asked.len(), left("act/") + left("reflect"), "model calls after {died_after}");

        assert_eq!(second.entries(), whole.entries(), "what is left behind after {died_after}");
        let finished = |recorder: &MemoryRecorder| {
            recorder.records.lock().unwrap().iter().filter_map(|record| record.finished.clone()).collect::<Vec<_>>()
        };
        assert_eq!(finished(&second), finished(&whole));
        let events = first.events().into_iter().chain(second.events());
        assert_eq!(timeless(events), timeless(whole.events()), "events after {died_after}");
    }
}

/// How long a tool took is another thing each time.
fn timeless(events: impl IntoIterator<Item = EventBody>) -> Vec<EventBody> {
    let without = |mut event: EventBody| {
        if let EventBody::ToolDone { duration_ms, .. } | EventBody::ToolFailed { duration_ms, .. } = &mut event {
            *duration_ms = 0;
        }
        event
    };
    events.into_iter().map(without).collect()
}

#[tokio::test]
async fn a_cancelled_task_starts_no_step() {
    let (desk, calls) = desk();
    let recorder = Arc::new(MemoryRecorder::default());
    let cancel = CancellationToken::new();
    cancel.cancel();
    let flow = Flow::new(TaskId(3), recorder.clone(), Vec::new(), cancel);
    let reasoning = ScriptedReasoning::new(acts(), reflection());
    let result = perform(&desk, &flow, task("structural", "orders", "look"), context(workspace(counting([0; 5])), reasoning)).await;
    assert!(matches!(result, Err(TaskError::Stopped(_))));
    assert!(recorder.steps().is_empty() && calls.lock().unwrap().is_empty());
}
