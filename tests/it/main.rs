//! The one test binary: what Fathom promises, shown on the real thing.
#![allow(clippy::unwrap_used, reason = "tests say what is wrong by failing")]

mod access;
mod agent_runs;
mod api;
mod catalog;
mod claims;
mod cli;
mod csv;
mod demo;
mod discovered;
mod egress;
mod engine;
mod eval;
mod events;
mod experts;
mod guard;
mod harvests;
mod hiding;
mod house;
mod infer;
mod kill;
mod load;
mod looking;
mod mcp;
mod messy;
#[path = "messy/write.rs"]
mod messy_write;
mod model;
mod polymorphic;
mod profiles;
mod remote;
mod rules;
mod source;
mod source_mysql;
mod source_postgresql;
mod store;
mod support;
mod telemetry;
mod tool_contract;
mod tools;
mod verify;
mod withstand;
