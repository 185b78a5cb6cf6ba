//! The integration tests, in one binary.

mod guard;
mod source;
mod tools;
