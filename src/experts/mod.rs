//! Experts: who they are (agent files), what they are told (prompts), how they think (a model, or the built-in rules),
//! and the durable flow in which they do a task.

pub mod desk;
pub use desk::*;
pub mod flow;
pub mod thought;

pub use flow::{Flow, Recorder, StepRecord, Stopped, TaskError};
pub use thought::{Act, Plan, PlanBrief, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolCall, ToolResult};
