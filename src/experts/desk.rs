//! stub
use super::thought::*;
use super::*;
use crate::domain::*;
use crate::tools::Workspace;
use std::sync::Arc;
use tokio::sync::watch;
pub struct Desk;
impl Desk {
    pub fn describe_reasoning(&self, _: &str) -> String {
        String::new()
    }
}
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Guidance {
    pub intent: Intent,
    pub answers: Vec<AnswerLine>,
}
pub struct PlanContext {
    pub run_id: RunId,
    pub iteration: u32,
    pub max_tasks: u32,
    pub schema: String,
    pub model: String,
    pub guidance: Guidance,
    pub done: Vec<DoneLine>,
    pub open_questions: Vec<Question>,
    pub workspace: Arc<Workspace>,
}
pub struct TaskContext {
    pub run_id: RunId,
    pub model: String,
    pub guidance: watch::Receiver<Guidance>,
    pub workspace: Arc<Workspace>,
}
pub async fn plan(_: &Desk, _: PlanContext) -> Result<Thought<Plan>, ThoughtError> {
    unimplemented!()
}
pub async fn perform(_: &Desk, _: &Flow, _: Task, _: TaskContext) -> Result<(), TaskError> {
    unimplemented!()
}
