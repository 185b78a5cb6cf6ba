//! The machine without actors, model or clock: scenarios, and what holds whatever happens.

use proptest::prelude::*;

use super::effects::{Effect, wanted};
use super::input::{Input, Refusal};
use super::machine::{Rules, handle};
use super::state::RunState;
use crate::domain::event::ModelCall;
use crate::domain::*;
use crate::engine::{Command, TaskState};

const RULES: Rules = Rules { task_attempts: 3, plan_attempts: 2, retry_base_ms: 100 };

struct Play {
    state: RunState,
    journal: Vec<Event>,
    at: i64,
}

impl Play {
    fn new(change: impl FnOnce(&mut RunRequest)) -> Self {
        let mut request = RunRequest {
            source: "sqlite:shop.db".to_owned(),
            snapshot: None,
            schema: None,
            max_iterations: 8,
            tasks_per_iter: 2,
            intent: Intent::default(),
            budget: Budget::default(),
            model: "builtin".to_owned(),
            outside: None,
        };
        change(&mut request);
        Self { state: RunState::new(request), journal: Vec::new(), at: 1_000 }
    }

    /// The messages of the events that an input makes.
    fn give(&mut self, input: Input) -> Result<Vec<&'static str>, Refusal> {
        let events = handle(&mut self.state, RULES, input, self.at)?;
        let messages = events.iter().map(EventBody::message).collect();
        for body in events {
            let seq = self.journal.len() as Seq + 1;
            self.journal.push(Event { seq, ts: self.at, run_id: RunId::from_uuid(uuid::Uuid::nil()), body });
        }
        Ok(messages)
    }

    fn check(&mut self, input: Input, expect: &[&str]) -> &mut Self {
        assert_eq!(self.give(input.clone()).as_deref(), Ok(expect), "{input:?}");
        self
    }

    fn opened(&mut self) -> &mut Self {
        self.check(begin(), &["starting"]).check(source_opened(), &["schema_selected", "tables_listed"])
    }

    fn working(&mut self) -> &mut Self {
        self.opened().check(plan(1, 0, 2), &["model_answered", "tasks_planned"])
    }

    fn wants(&self) -> Vec<Effect> {
        wanted(&self.state).into_iter().filter(|want| want.may_start).map(|want| want.effect).collect()
    }

    fn last(&self) -> &EventBody {
        &self.journal.last().expect("something happened").body
    }
}

fn begin() -> Input {
    Input::Begin { reasoning: "builtin".to_owned(), experts: vec!["structural".to_owned()] }
}

fn source_opened() -> Input {
    let tables = vec!["orders".to_owned()];
    let snapshot = SnapshotId("snap_1".to_owned());
    Input::SourceOpened { snapshot, schema: "main".to_owned(), schemas: vec!["main".to_owned()], count: tables.len(), tables }
}

fn plan(iteration: u32, revision: u32, tasks: usize) -> Input {
    let planned = |number| PlannedTask {
        expert: "structural".to_owned(),
        goal: format!("goal {number}"),
        schema: "main".to_owned(),
        table: Some("orders".to_owned()),
        priority: 0.1 * number as f64,
    };
    let call = ModelCall { calls: 1, prompt_tokens: 10, answer_tokens: 5, ..ModelCall::default() };
    Input::PlanMade { iteration, revision, tasks: (1..=tasks).map(planned).collect(), notes: String::new(), call }
}

fn began(task: u32, attempt: u32) -> Input {
    Input::TaskBegan { task: TaskId(task), attempt }
}

fn done(task: u32, found: &str) -> Input {
    let written = EventBody::CatalogWritten {
        task: Some(TaskId(task)),
        kind: "note".to_owned(),
        key: "note/x".to_owned(),
        confidence: Confidence::clamped(0.7),
        status: EntryStatus::Draft,
        digest: found.to_owned(),
    };
    Input::StepRecorded { task: TaskId(task), events: vec![written], finished: Some(TaskOutcome::default()) }
}

fn failed(task: u32, attempt: u32, transient: bool) -> Input {
    Input::TaskFailed { task: TaskId(task), attempt, reason: "no luck".to_owned(), transient, raw: None, call: None }
}

fn ask(task: u32, id: &str, options: &[&str]) -> Input {
    let question = Question {
        question_id: id.to_owned(),
        title: "Which".to_owned(),
        prompt: "Which one?".to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        task: Some(TaskId(task)),
    };
    Input::StepRecorded { task: TaskId(task), events: vec![EventBody::QuestionAsked(question)], finished: None }
}

fn told(command: Command) -> Input {
    Input::Commanded(command)
}

fn answer(id: &str, answer: Answer) -> Input {
    told(Command::Answer { question_id: id.to_owned(), answer })
}

fn intent(goal: &str) -> Input {
    told(Command::ChangeIntent { intent: Intent { goals: vec![goal.to_owned()], ..Intent::default() } })
}

#[test]
fn a_run_works_through_iterations_until_the_planner_has_nothing_left() {
    let mut play = Play::new(|_| {});
    play.working();
    assert_eq!(
        play.wants(),
        [Effect::Perform { task: TaskId(2), attempt: 1 }, Effect::Perform { task: TaskId(1), attempt: 1 }],
        "the higher priority first"
    );
    play.check(began(1, 1), &["task_start"])
        .check(began(2, 1), &["task_start"])
        .check(done(1, "a"), &["catalog_written", "task_done"])
        .check(done(2, "b"), &["catalog_written", "task_done", "iteration_done"]);
    assert_eq!(play.wants(), [Effect::Plan { iteration: 2, revision: 0, attempt: 1 }]);
    play.check(plan(2, 0, 0), &["model_answered", "finished"]);
    assert!(matches!(play.last(), EventBody::Finished { reason: StopReason::NoMoreTasks, iterations: 1, findings: 2, .. }));
    assert_eq!(play.wants(), []);
}

#[test]
fn two_iterations_without_a_new_finding_end_the_run() {
    let mut play = Play::new(|request| request.tasks_per_iter = 1);
    play.opened();
    for iteration in 1..=3 {
        play.check(plan(iteration, 0, 1), &["model_answered", "tasks_planned"]).check(began(iteration, 1), &["task_start"]);
        let last = if iteration == 3 {
            vec!["catalog_written", "task_done", "iteration_done", "finished"]
        } else {
            vec!["catalog_written", "task_done", "iteration_done"]
        };
        play.check(done(iteration, "a"), &last);
    }
    assert!(matches!(play.last(), EventBody::Finished { reason: StopReason::DiminishingReturns, iterations: 3, findings: 1, .. }));
}

#[test]
fn max_iterations_end_the_run() {
    let mut play = Play::new(|request| (request.max_iterations, request.tasks_per_iter) = (1, 1));
    play.opened().check(plan(1, 0, 1), &["model_answered", "tasks_planned"]).check(began(1, 1), &["task_start"]);
    play.check(done(1, "a"), &["catalog_written", "task_done", "iteration_done", "finished"]);
    assert!(matches!(play.last(), EventBody::Finished { reason: StopReason::MaxIterations, iterations: 1, .. }));
}

#[test]
fn a_task_is_tried_again_after_a_wait_that_grows_and_then_fails_for_good() {
    let mut play = Play::new(|_| {});
    play.working().check(began(2, 1), &["task_start"]).check(done(2, "b"), &["catalog_written", "task_done"]);
    for (attempt, wait) in [(1, Some(100)), (2, Some(200)), (3, None)] {
        play.check(began(1, attempt), &["task_start"]);
        let messages = play.give(failed(1, attempt, true)).expect("the task runs");
        assert_eq!(messages.len(), if wait.is_some() { 1 } else { 2 });
        let retry = play.journal.iter().rev().find_map(|event| match &event.body {
            EventBody::TaskFailed { retry_in_ms, .. } => Some(*retry_in_ms),
            _ => None,
        });
        assert_eq!(retry, Some(wait));
    }
    assert_eq!(play.state.iteration, 2, "one failed task does not keep the run");
}

#[test]
fn a_failure_that_no_retry_helps_is_not_tried_again() {
    let mut play = Play::new(|_| {});
    play.working().check(began(1, 1), &["task_start"]).check(failed(1, 1, false), &["task_failed"]);
    assert_eq!(play.state.line(TaskId(1)).map(|line| line.state), Some(TaskState::Failed));
}

#[test]
fn a_planner_that_fails_too_often_ends_the_run_in_error() {
    let mut play = Play::new(|_| {});
    let call = ModelCall { calls: 2, prompt_tokens: 7, ..ModelCall::default() };
    let plan_failed = || Input::PlanFailed {
        iteration: 1,
        revision: 0,
        reason: "prose".to_owned(),
        transient: true,
        raw: Some("Sure!".to_owned()),
        call: call.clone(),
    };
    play.opened().check(plan_failed(), &["model_failed", "plan_failed"]);
    assert_eq!(play.wants(), [Effect::Plan { iteration: 1, revision: 0, attempt: 2 }]);
    play.check(plan_failed(), &["model_failed", "plan_failed", "error"]);
    assert_eq!(play.state.spent.prompt_tokens, 14, "what failed calls cost is counted");
    assert_eq!(play.state.status(), RunStatus::Failed);
}

#[test]
fn a_cancelled_run_starts_no_new_task_and_ends_when_the_running_ones_have() {
    let mut play = Play::new(|_| {});
    play.working().check(began(1, 1), &["task_start"]).check(told(Command::Cancel {}), &["cancelling", "tasks_dropped"]);
    assert_eq!(play.wants(), []);
    assert_eq!(play.give(began(2, 1)), Err(Refusal::NotWanted));
    play.check(told(Command::Cancel {}), &[]);
    play.check(Input::TaskStopped { task: TaskId(1) }, &["tasks_dropped", "cancelled"]);
    assert_eq!(play.give(told(Command::Cancel {})), Err(Refusal::Ended { status: RunStatus::Cancelled }));
    let EventBody::Cancelled { undone } = play.last() else { panic!("cancelled") };
    assert_eq!(undone.len(), 2);
}

#[test]
fn a_task_that_concludes_while_the_run_is_cancelled_is_done() {
    let mut play = Play::new(|_| {});
    play.working().check(began(1, 1), &["task_start"]).check(told(Command::Cancel {}), &["cancelling", "tasks_dropped"]);
    play.check(done(1, "a"), &["catalog_written", "task_done", "cancelled"]);
}

#[test]
fn a_paused_run_lets_tasks_end_and_starts_nothing() {
    let mut play = Play::new(|_| {});
    play.working().check(began(1, 1), &["task_start"]).check(told(Command::Pause {}), &["paused"]).check(told(Command::Pause {}), &[]);
    assert_eq!(play.wants(), []);
    assert_eq!(play.give(began(2, 1)), Err(Refusal::NotWanted));
    play.check(done(1, "a"), &["catalog_written", "task_done"]);
    play.check(told(Command::Resume {}), &["resumed"]);
    assert_eq!(play.wants(), [Effect::Perform { task: TaskId(2), attempt: 1 }]);
}

#[test]
fn a_new_intent_drops_what_has_not_begun_and_makes_a_plan_in_flight_stale() {
    let mut play = Play::new(|_| {});
    play.working().check(began(1, 1), &["task_start"]).check(intent("revenue"), &["intent_changed", "tasks_dropped"]);
    play.check(done(1, "a"), &["catalog_written", "task_done", "iteration_done"]);
    assert_eq!(play.wants(), [Effect::Plan { iteration: 2, revision: 1, attempt: 1 }]);
    play.check(intent("churn"), &["intent_changed"]).check(plan(2, 1, 2), &["model_answered"]);
    assert_eq!(play.wants(), [Effect::Plan { iteration: 2, revision: 2, attempt: 1 }]);
}

#[test]
fn an_iteration_of_which_nothing_had_begun_is_planned_anew_under_its_number() {
    let mut play = Play::new(|_| {});
    play.working().check(intent("revenue"), &["intent_changed", "tasks_dropped"]);
    assert_eq!(play.wants(), [Effect::Plan { iteration: 1, revision: 1, attempt: 1 }]);
}

#[test]
fn a_question_is_asked_once_and_answered_once() {
    let mut play = Play::new(|_| {});
    play.working().check(began(1, 1), &["task_start"]);
    play.check(ask(1, "q1", &["yes", "no"]), &["question_asked"]).check(ask(1, "q1", &[]), &[]);
    let refused = play.give(answer("q1", Answer::Option("maybe".to_owned())));
    assert!(matches!(refused, Err(Refusal::NoSuchOption { .. })), "{refused:?}");
    play.check(answer("q1", Answer::Option("yes".to_owned())), &["question_answered"]);
    let again = play.give(answer("q1", Answer::Answer("no".to_owned())));
    assert_eq!(again, Err(Refusal::AnsweredBefore { question_id: "q1".to_owned(), first: Answer::Option("yes".to_owned()) }));
    assert!(matches!(play.give(answer("q2", Answer::Answer("?".to_owned()))), Err(Refusal::NoSuchQuestion { .. })));
}

#[test]
fn a_budget_is_warned_of_once_and_then_ends_the_run() {
    let mut play = Play::new(|request| request.budget.tokens = Some(36));
    play.opened().check(plan(1, 0, 2), &["model_answered", "tasks_planned"]).check(began(1, 1), &["task_start"]);
    play.check(intent("a"), &["intent_changed", "tasks_dropped"]).check(done(1, "d"), &["catalog_written", "task_done", "iteration_done"]);
    play.check(plan(2, 1, 1), &["model_answered", "tasks_planned", "budget_low"]).check(began(3, 1), &["task_start"]);
    play.check(done(3, "e"), &["catalog_written", "task_done", "iteration_done"]);
    play.check(plan(3, 1, 1), &["model_answered", "tasks_planned", "budget_used_up", "tasks_dropped", "finished"]);
    assert!(matches!(play.last(), EventBody::Finished { reason: StopReason::Budget(Limit::Tokens), .. }));
}

#[test]
fn time_ends_a_run_without_any_other_event() {
    let mut play = Play::new(|request| request.budget.seconds = Some(10));
    play.working().check(began(1, 1), &["task_start"]);
    play.at += 10_000;
    play.check(Input::Ticked, &["budget_used_up", "tasks_dropped"]);
    play.check(Input::TaskStopped { task: TaskId(1) }, &["tasks_dropped", "finished"]);
}

#[test]
fn a_source_that_cannot_be_opened_ends_the_run_in_error() {
    let mut play = Play::new(|_| {});
    play.check(begin(), &["starting"]);
    play.check(Input::SourceFailed { code: "source_unusable", reason: "no such file".to_owned() }, &["error"]);
    assert_eq!(play.state.error.as_deref(), Some("no such file"));
}

fn any_input() -> impl Strategy<Value = Input> {
    let task = 1..6_u32;
    let attempt = 1..4_u32;
    prop_oneof![
        Just(begin()),
        Just(source_opened()),
        (1..4_u32, 0..3_u32, 0..4_usize).prop_map(|(iteration, revision, tasks)| plan(iteration, revision, tasks)),
        (task.clone(), attempt.clone()).prop_map(|(task, attempt)| began(task, attempt)),
        (task.clone(), "[a-c]").prop_map(|(task, found)| done(task, &found)),
        (task.clone(), attempt, any::<bool>()).prop_map(|(task, attempt, transient)| failed(task, attempt, transient)),
        (task.clone(), "q[1-2]").prop_map(|(task, id)| ask(task, &id, &["yes"])),
        task.prop_map(|task| Input::TaskStopped { task: TaskId(task) }),
        "q[1-3]".prop_map(|id| answer(&id, Answer::Answer("yes".to_owned()))),
        "[a-c]".prop_map(|goal| intent(&goal)),
        prop_oneof![1 => Just(told(Command::Cancel {})), 3 => Just(told(Command::Pause {})), 6 => Just(told(Command::Resume {}))],
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_journal_replays_to_the_same_state_and_ends_at_most_once(inputs in proptest::collection::vec(any_input(), 0..60)) {
        let mut play = Play::new(|_| {});
        for input in inputs {
            let before = play.state.clone();
            play.at += 137;
            if play.give(input).is_err() {
                prop_assert_eq!(&before, &play.state, "a refused input changes nothing");
            }
            let replayed = RunState::replay(play.state.request.clone(), &play.journal);
            prop_assert_eq!(&replayed, &play.state);
        }
        let ends = play.journal.iter().filter(|event| event.body.is_last()).count();
        prop_assert!(ends <= 1);
        if ends == 1 {
            prop_assert!(play.last().is_last());
            prop_assert!(wanted(&play.state).is_empty());
            prop_assert_eq!(play.state.count(TaskState::Running), 0, "no task runs on in a run that has ended");
        }
    }
}
