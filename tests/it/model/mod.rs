//! The models' room over real HTTP: a server on this machine that does what real ones do.

mod answers;
mod bounds;
mod cassette;
mod refusals;
mod server;
mod streams;
mod urls;
