//! One task from its first step to its last: look (context, act, tools), reflect, check, conclude.
//!
//! Every model call and every tool call is a recorded step. The brief is not: it is made again when a step needs it, and no
//! stored step depends on it. The last step, `conclude`, carries what the task leaves behind and ends it.

use std::sync::Arc;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Mutex, watch};

use super::agent::Agent;
use super::brief;
use super::flow::Recorded;
use super::settle::{Conclusion, conclusion};
use super::thought::{Act, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolCall, ToolResult};
use super::{Desk, Flow, Guidance, TaskError};
use crate::claims::text::{bounded, line};
use crate::claims::{Grounds, checks};
use crate::domain::crash::CrashPoint;
use crate::domain::{EventBody, Provenance, RunId, Task, TaskOutcome};
use crate::tools::{Caller, Failure, Outcome, Rejection, Workspace};

/// What a run tells an expert beside the task itself.
pub struct TaskContext {
    pub run_id: RunId,
    /// What the person has said, as of now.
    pub guidance: watch::Receiver<Guidance>,
    pub workspace: Arc<Workspace>,
    pub reasoning: Arc<dyn Reasoning>,
}

/// Bytes of a call's arguments in an event.
const ARGS_IN_EVENT: usize = 2 * 1024;
const REASON_IN_EVENT: usize = 1_000;

/// Performs the task, going on after the steps that the flow holds already.
pub async fn perform(desk: &Desk, flow: &Flow, task: Task, context: TaskContext) -> Result<(), TaskError> {
    let Some(agent) = desk.agents.expert(&task.planned.expert) else {
        return Err(failed(format!("there is no expert `{}`", task.planned.expert), false));
    };
    let work = Work { desk, flow, task: &task, agent, context: &context, brief: Mutex::default() };
    let limit = agent.time_limit;
    let thinking = async {
        let looked = work.look().await?;
        let reflected = work.reflect(&looked.results).await?;
        Ok::<_, TaskError>((looked, reflected))
    };
    let late = |_| failed(format!("the task was not done within {} s", limit.as_secs()), true);
    let (looked, reflected) = tokio::time::timeout(limit, thinking).await.map_err(late)??;
    work.conclude(&looked, reflected).await
}

struct Work<'a> {
    desk: &'a Desk,
    flow: &'a Flow,
    task: &'a Task,
    agent: &'a Agent,
    context: &'a TaskContext,
    /// Made for what the person had said then.
    brief: Mutex<Option<(Guidance, Arc<TaskBrief>)>>,
}

/// What the rounds of an expert brought.
struct Looked {
    results: Vec<ToolResult>,
    notes: String,
}

#[derive(Serialize, Deserialize)]
struct Acted {
    act: Act,
    /// Calls beyond the agent's limit, which are not made.
    left_out: usize,
}

#[derive(Serialize, Deserialize)]
struct Reflected {
    reflection: Reflection,
    /// Who reflected, for the provenance of what is written.
    model: String,
}

impl Work<'_> {
    async fn look(&self) -> Result<Looked, TaskError> {
        let mut looked = Looked { results: Vec::new(), notes: String::new() };
        let mut mended = false;
        for round in 1..=self.agent.rounds {
            let acted = self.act(round, &looked.results).await?;
            if acted.act.tool_calls.is_empty() {
                keep(&mut looked.notes, acted.act.notes);
                break;
            }
            let fresh = self.call_tools(round, &acted).await?;
            // What was wrong with a call comes back once, also to an expert that wanted no more.
            let to_mend = !mended && fresh.iter().any(|result| result.failed);
            mended |= to_mend;
            looked.results.extend(fresh);
            keep(&mut looked.notes, acted.act.notes);
            if !acted.act.more && !to_mend {
                break;
            }
        }
        Ok(looked)
    }

    async fn act(&self, round: u32, results: &[ToolResult]) -> Result<Acted, TaskError> {
        let step = format!("act/{round}");
        let work = async {
            let brief = self.brief().await?;
            let thought = self.context.reasoning.act(&brief, results).await.map_err(|error| thought_failed(&step, error))?;
            CrashPoint::ModelAnswered.passed();
            let answered = self.answered(&step, &thought);
            let mut act = thought.value;
            let left_out = act.tool_calls.split_off(act.tool_calls.len().min(self.agent.tool_calls_per_round));
            let mut recorded = Recorded::plain(Acted { act, left_out: left_out.len() }).with_event(answered);
            if let Some(first) = left_out.first() {
                recorded = recorded.with_event(EventBody::ToolRefused {
                    task: self.task.task,
                    step: tool_step(round, self.agent.tool_calls_per_round),
                    tool: first.name.clone(),
                    args: bounded(&first.args, ARGS_IN_EVENT),
                    reason: self.too_many(left_out.len()),
                });
            }
            Ok(recorded)
        };
        self.flow.step(&step, work).await
    }

    /// All calls of a round at once: experts may call only what reads.
    async fn call_tools(&self, round: u32, acted: &Acted) -> Result<Vec<ToolResult>, TaskError> {
        let calls = acted.act.tool_calls.iter().enumerate().map(|(position, call)| self.call_tool(tool_step(round, position), call));
        // All are waited for, so that what came back is stored although one of them broke.
        let mut results = join_all(calls).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        if acted.left_out > 0 {
            results.push(ToolResult {
                step: tool_step(round, acted.act.tool_calls.len()),
                call: ToolCall { name: "(calls beyond the limit)".to_owned(), args: json!({}) },
                result: json!({ "error": self.too_many(acted.left_out) }),
                failed: true,
            });
        }
        Ok(results)
    }

    async fn call_tool(&self, step: String, call: &ToolCall) -> Result<ToolResult, TaskError> {
        let work = async {
            let caller = Caller { provenance: self.provenance(&step, None), allowed: self.agent.allowed() };
            let outcome = self.desk.registry.execute(&self.context.workspace, &caller, &call.name, call.args.clone()).await;
            CrashPoint::ToolAnswered.passed();
            self.tool_recorded(&step, call, outcome).map_err(|reason| failed(reason, true))
        };
        self.flow.step(&step, work).await
    }

    fn provenance(&self, step: &str, model: Option<String>) -> Provenance {
        Provenance {
            author: self.agent.name.clone(),
            run: Some(self.context.run_id),
            task: Some(self.task.task),
            step: Some(step.to_owned()),
            model,
        }
    }

    /// The result as the expert sees it, with its event; an error is one that no other call would mend.
    fn tool_recorded(&self, step: &str, call: &ToolCall, outcome: Outcome) -> Result<Recorded<ToolResult>, String> {
        let task = self.task.task;
        let (step, tool, args) = (step.to_owned(), call.name.clone(), bounded(&call.args, ARGS_IN_EVENT));
        let duration_ms = u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX);
        let (result, event) = match outcome.result {
            Ok(result) => {
                let (bytes, truncated) = (outcome.bytes, outcome.truncated);
                (Ok(result), EventBody::ToolDone { task, step: step.clone(), tool, args, duration_ms, bytes, truncated })
            }
            Err(Rejection::Refused(reason)) => (
                Err(reason.clone()),
                EventBody::ToolRefused { task, step: step.clone(), tool, args, reason: line(&reason, REASON_IN_EVENT) },
            ),
            Err(Rejection::Failed(Failure::Mendable(reason))) => {
                let shown = line(&reason, REASON_IN_EVENT);
                (Err(reason), EventBody::ToolFailed { task, step: step.clone(), tool, args, duration_ms, reason: shown })
            }
            Err(Rejection::Failed(Failure::Broken(reason))) => return Err(format!("tool `{tool}` failed: {reason}")),
        };
        let failed = result.is_err();
        let result = result.unwrap_or_else(|reason| json!({ "error": reason }));
        Ok(Recorded::plain(ToolResult { step, call: call.clone(), result, failed }).with_event(event))
    }

    async fn reflect(&self, results: &[ToolResult]) -> Result<Reflected, TaskError> {
        let step = "reflect";
        let work = async {
            let brief = self.brief().await?;
            let thought = self.context.reasoning.reflect(&brief, results).await.map_err(|error| thought_failed(step, error))?;
            CrashPoint::ModelAnswered.passed();
            let answered = self.answered(step, &thought);
            Ok(Recorded::plain(Reflected { reflection: thought.value, model: thought.call.model }).with_event(answered))
        };
        self.flow.step(step, work).await
    }

    /// Checks what was claimed against the data, and leaves behind what stood and what did not.
    async fn conclude(&self, looked: &Looked, reflected: Reflected) -> Result<(), TaskError> {
        let work = async {
            let Reflected { mut reflection, model } = reflected;
            let writes = checks::tidy(&self.context.workspace.snapshot, std::mem::take(&mut reflection.catalog_writes));
            let verdicts = checks::examine_all(&self.context.workspace.data(), &writes).await.map_err(|reason| failed(reason, true))?;
            let grounds = Grounds {
                snapshot: &self.context.workspace.snapshot,
                results: &looked.results,
                established: &[],
                hears_person: true,
                provenance: self.provenance("reflect", Some(model).filter(|model| !model.is_empty())),
            };
            let examined = writes.into_iter().zip(verdicts).collect();
            let Conclusion { entries, insights, questions, events } = conclusion(&grounds, self.task.task, examined, reflection);
            let refuted = entries.iter().filter(|entry| entry.status == crate::domain::EntryStatus::Refuted).count();
            let said = insights.first().map(|insight| insight.claim.as_str()).unwrap_or(&looked.notes);
            let notes =
                if refuted > 0 { format!("{said} ({refuted} of {} claims refuted by the data)", entries.len()) } else { said.to_owned() };
            let outcome = TaskOutcome {
                tool_calls: count(looked.results.len()),
                findings: count(entries.len() + insights.len()),
                questions: count(questions),
                notes: line(&notes, 300),
            };
            Ok(Recorded { value: (), events, entries, finished: Some(outcome) })
        };
        self.flow.step("conclude", work).await
    }

    /// The brief of this task; made anew when the person has said something since.
    async fn brief(&self) -> Result<Arc<TaskBrief>, TaskError> {
        let guidance = self.context.guidance.borrow().clone();
        let mut kept = self.brief.lock().await;
        if let Some((heard, brief)) = &*kept
            && *heard == guidance
        {
            return Ok(brief.clone());
        }
        let made = brief::of_task(self.context, self.task, &guidance).await;
        let brief = Arc::new(made.map_err(|error| failed(error.to_string(), true))?);
        *kept = Some((guidance, brief.clone()));
        Ok(brief)
    }

    fn answered<T>(&self, step: &str, thought: &Thought<T>) -> EventBody {
        EventBody::ModelAnswered { task: Some(self.task.task), step: step.to_owned(), call: thought.call.clone() }
    }

    fn too_many(&self, left_out: usize) -> String {
        let limit = self.agent.tool_calls_per_round;
        format!("{left_out} calls were not made; at most {limit} are made in one round")
    }
}

fn tool_step(round: u32, position: usize) -> String {
    format!("tool/{round}/{position}")
}

fn keep(notes: &mut String, said: String) {
    if !said.is_empty() {
        *notes = said;
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn failed(reason: String, transient: bool) -> TaskError {
    TaskError::Failed { reason, transient, raw: None, call: None }
}

fn thought_failed(step: &str, error: ThoughtError) -> TaskError {
    TaskError::Failed { reason: error.reason, transient: error.transient, raw: error.raw, call: Some((step.to_owned(), error.call)) }
}
