//! The integration tests, in one binary.
#![allow(clippy::unwrap_used, reason = "tests say what is wrong by failing")]

mod events;
mod house;
mod model;
