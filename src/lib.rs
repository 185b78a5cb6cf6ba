//! Fathom: understands databases that nobody has documented. The binary and the tests are thin users of this library.
//!
//! The order of the rooms below is the order of knowing: a room uses only rooms above it (kept by a test).

pub mod domain;

pub mod telemetry;

pub mod model;
pub mod source;
pub mod store;

pub mod evidence;

pub mod catalog;

pub mod claims;

pub mod tools;

pub mod experts;

pub mod engine;

pub mod mcp;

pub mod api;

pub mod config;

pub mod app;

pub mod cli;
