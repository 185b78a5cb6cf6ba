//! Tests of the experts room, without network: scripted models and reasoning, a source and a store that live in memory.

mod agents;
mod builtin;
mod durable;
mod fakes;
mod planning;
mod prompts;
mod tasks;
mod wire;
