//! The client for servers that speak the chat completions of OpenAI, as they really do: with different URLs, refusals and answers.

mod answer;
mod body;
mod client;
mod endpoint;
mod learnt;
mod pieces;
mod refusal;
mod transport;

pub(super) use client::{Client, Wishes};
pub(super) use endpoint::{Address, Endpoint};
pub(super) use learnt::Learning;
pub use learnt::{Learnt, LimitName, Rung};
pub(super) use transport::Transport;
