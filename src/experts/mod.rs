//! Experts: who they are (agent files), what they are told (prompts), how they think (a model, or the built-in rules),
//! and the durable flow in which they do a task.

pub mod agent;
pub mod agent_file;
mod asking;
pub mod brief;
pub mod builtin;
pub mod desk;
pub mod egress;
pub mod facts;
mod fence;
pub mod flow;
pub mod guidance;
pub mod model_reasoning;
pub mod plan;
pub mod prompts;
pub mod settle;
pub mod shapes;
pub mod task;
pub mod thought;
pub mod wire;

pub use agent::{Agent, Agents, Kind};
pub use builtin::BuiltinReasoning;
pub use desk::{Desk, DeskFolders, Problem};
pub use flow::{Flow, Recorder, StepRecord, Stopped, TaskError};
pub use guidance::Guidance;
pub use model_reasoning::ModelReasoning;
pub use plan::{PlanContext, plan};
pub use task::{TaskContext, perform};
pub use thought::{Act, AnswerLine, Plan, PlanBrief, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolCall, ToolResult};
