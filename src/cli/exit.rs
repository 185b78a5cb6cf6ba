//! How the program ends: exit codes, and what is said about errors.

use console::style;

use super::client;
use crate::api::problem::Document;
use crate::domain::RunStatus;

pub const EXIT_CODES: &str = "\
Exit codes:
  0    done; a run that was watched has finished
  1    a run failed, or something else went wrong
  2    wrong usage, configuration, or a request that cannot be granted as it stands
  3    the run was cancelled
  4    the server cannot be reached
  5    the guard refuses the SQL
  130  interrupted; a run that was started goes on when Fathom is started again";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    Failed,
    Usage,
    Cancelled,
    Unreachable,
    Denied,
    Interrupted,
}

/// The command cannot be carried out as it was given; the text says what would do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Cancelled => 3,
            Self::Unreachable => 4,
            Self::Denied => 5,
            Self::Interrupted => 130,
        }
    }

    /// How watching a run ends.
    pub fn of_status(status: RunStatus) -> Self {
        match status {
            RunStatus::Failed => Self::Failed,
            RunStatus::Cancelled => Self::Cancelled,
            RunStatus::Finished | RunStatus::Waiting | RunStatus::Running | RunStatus::Paused | RunStatus::Cancelling => Self::Done,
        }
    }

    pub fn of_error(error: &anyhow::Error) -> Self {
        if let Some(error) = error.downcast_ref::<client::Error>() {
            return match error {
                client::Error::Unreachable { .. } => Self::Unreachable,
                client::Error::Refused(problem) if (400..500).contains(&problem.status) && problem.status != 409 => Self::Usage,
                client::Error::Refused(_) | client::Error::Odd { .. } => Self::Failed,
            };
        }
        if error.downcast_ref::<UsageError>().is_some() {
            return Self::Usage;
        }
        if is_broken_pipe(error) { Self::Interrupted } else { Self::Failed }
    }
}

/// Whoever read our output has gone, as `head` does; there is nobody to tell.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The error as a person reads it.
pub fn told(error: &anyhow::Error) -> String {
    let label = style("error:").for_stderr().red().bold();
    match error.downcast_ref::<client::Error>() {
        Some(client::Error::Refused(problem)) => format!("{label} {}", of_problem(problem)),
        _ => format!("{label} {error:#}"),
    }
}

fn of_problem(problem: &Document) -> String {
    let mut text = problem.detail.clone();
    if !problem.valid.is_empty() {
        text.push_str(&format!("\n  valid: {}", problem.valid.join(", ")));
    }
    if let Some(first) = &problem.first {
        text.push_str(&format!("\n  the answer that stands: {}", first.text()));
    }
    if !problem.valid.is_empty() {
        return text;
    }
    let page = crate::api::code::Code::from_name(&problem.code).map(|code| code.page());
    if let Some(advice) = page.and_then(|page| page.split_once("## What to do\n")) {
        text.push_str(&format!("\n\n{}", advice.1.trim()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Problem;
    use crate::api::problem::Code;

    fn refused(code: Code) -> anyhow::Error {
        client::Error::Refused(Box::new(Problem::new(code, "what was wrong").document())).into()
    }

    #[test]
    fn errors_end_with_the_documented_codes() {
        let unreachable = client::Error::Unreachable { url: "http://localhost".into(), reason: "refused".into() };
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        for (error, code) in [
            (anyhow::Error::from(unreachable).context("starting"), 4),
            (refused(Code::InvalidField), 2),
            (refused(Code::Unauthorized), 2),
            (refused(Code::AnsweredBefore), 1),
            (refused(Code::Internal), 1),
            (UsageError("no".into()).into(), 2),
            (pipe.into(), 130),
            (anyhow::anyhow!("else"), 1),
        ] {
            assert_eq!(Exit::of_error(&error).code(), code, "{error:#}");
        }
        let all = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Cancelled, Exit::Unreachable, Exit::Denied, Exit::Interrupted];
        for exit in all {
            assert!(EXIT_CODES.contains(&format!("\n  {} ", exit.code())), "{exit:?} is not in the help");
        }
    }

    #[test]
    fn a_problem_is_told_with_what_to_do() {
        let text = told(&refused(Code::Unauthorized));
        assert!(text.contains("what was wrong") && text.contains("fathom token new"), "{text}");
        let named = Problem::new(Code::InvalidField, "no").with_valid(["this", "that"]).document();
        assert!(told(&client::Error::Refused(Box::new(named)).into()).ends_with("valid: this, that"));
    }
}
