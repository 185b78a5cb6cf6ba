//! Effects: what should be going on now, derived from the state alone. There is no queue of effects to lose:
//! after a restart the same state wants the same things, and recovery is the normal path.

use crate::domain::TaskId;
use crate::engine::TaskState;

use super::state::{Phase, RunState};

/// Something that the actor performs outside and that comes back as an input. Equal effects are the same work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    Open,
    Plan { iteration: u32, revision: u32, attempt: u32 },
    Perform { task: TaskId, attempt: u32 },
}

/// An effect that is wanted. While a run is paused, what goes on may end, and nothing new starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub effect: Effect,
    pub may_start: bool,
    pub delay_ms: u64,
}

/// In the order in which they should start: the higher priority first.
pub fn wanted(state: &RunState) -> Vec<Wanted> {
    let may_start = !state.paused;
    match state.phase {
        Phase::Created | Phase::Stopping(_) | Phase::Ended(_) => Vec::new(),
        Phase::Opening => vec![Wanted { effect: Effect::Open, may_start, delay_ms: 0 }],
        // Who carries out the run outside plans and works without us.
        Phase::Planning | Phase::Working if state.request.outside.is_some() => Vec::new(),
        Phase::Planning => {
            let effect = Effect::Plan { iteration: state.iteration, revision: state.intent_revision, attempt: state.plan_attempt };
            vec![Wanted { effect, may_start, delay_ms: state.plan_delay_ms }]
        }
        Phase::Working => {
            let mut lines: Vec<_> =
                state.tasks_of_iteration().filter(|line| matches!(line.state, TaskState::Ready | TaskState::Running)).collect();
            lines.sort_by(|a, b| b.task.planned.priority.total_cmp(&a.task.planned.priority).then(a.task.task.cmp(&b.task.task)));
            let perform = |line: &super::state::TaskLine| Wanted {
                effect: Effect::Perform { task: line.task.task, attempt: line.attempt },
                may_start,
                delay_ms: line.delay_ms,
            };
            lines.into_iter().map(perform).collect()
        }
    }
}
