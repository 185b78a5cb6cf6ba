//! The one test binary: what Fathom promises, shown on the real thing.
#![allow(clippy::unwrap_used, reason = "tests say what is wrong by failing")]

mod api;
mod cli;
mod csv;
mod engine;
mod events;
mod experts;
mod guard;
mod hiding;
mod house;
mod kill;
mod load;
mod looking;
mod model;
mod source;
mod source_mysql;
mod source_postgresql;
mod store;
mod support;
mod telemetry;
mod tools;
mod withstand;
