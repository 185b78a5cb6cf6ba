//! What the door answers when it cannot do what was asked. Each variant is one stable code for users.

use crate::domain::{Answer, RunId, RunStatus, Seq};
use crate::store;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("there is no run `{0}`")]
    NoSuchRun(RunId),
    #[error("run `{run}` has ended: {}", .status.name())]
    RunEnded { run: RunId, status: RunStatus },
    #[error("run `{run}` asks no question `{question_id}`; open are: {}", if .open.is_empty() { "none".to_owned() } else { .open.join(", ") })]
    NoSuchQuestion { run: RunId, question_id: String, open: Vec<String> },
    #[error("question `{question_id}` was answered before: {}", .first.text())]
    AnsweredBefore { question_id: String, first: Answer },
    #[error("`{option}` is not an option of `{question_id}`; valid are: {}", .options.join(", "))]
    NoSuchOption { question_id: String, option: String, options: Vec<String> },
    #[error("run `{run}` is {}; {what}", .status.name())]
    WrongState { run: RunId, status: RunStatus, what: String },
    /// The field as the client wrote it, and what is valid.
    #[error("`{field}`: {reason}")]
    Invalid { field: String, reason: String },
    #[error("the key was used before for another request")]
    KeyMisused,
    #[error("event {after} of `{run}` does not exist yet; the last is {head}")]
    BeyondHead { run: RunId, after: Seq, head: Seq },
    #[error("the server is stopping")]
    Stopping,
    #[error("{0}")]
    Store(store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NoSuchRun(run) => Self::NoSuchRun(run),
            store::Error::BadPageToken(token) => {
                Self::Invalid { field: "after".to_owned(), reason: format!("`{token}` is not a page token of this list") }
            }
            other => Self::Store(other),
        }
    }
}
