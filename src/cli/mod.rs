//! The command line: one file a command. Whatever it does to runs, it does as a client of the HTTP API.

pub mod audit;
pub mod board;
pub mod check;
pub mod client;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod display;
pub mod eval;
pub mod exit;
pub mod explain;
pub mod follow;
pub mod global;
pub mod grid;
pub mod guard;
pub mod harvest;
pub mod inclusions;
pub mod infer;
pub mod line;
pub mod looking;
pub mod mcp;
pub mod out;
pub mod queries;
pub mod rules;
pub mod run;
pub mod runs;
pub mod search;
pub mod secrets;
pub mod serve;
pub mod show;
pub mod source;
pub mod sql;
pub mod target;
pub mod token;
pub mod verify;
pub mod watching;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub use exit::Exit;
pub use global::Global;

const EXAMPLES: &str = "\
Examples:
  fathom run shop.db                              discover a SQLite database, and watch
  fathom run shop.db --intent 'who buys again?'   say what you want to know
  fathom runs report last                         read what came of it
  fathom serve --source shop.db                   API, events and reference on http://127.0.0.1:7700";

/// Understands databases that nobody has documented.
#[derive(Debug, Parser)]
#[command(name = "fathom", version, about, after_help = format!("{EXAMPLES}\n\n{}", exit::EXIT_CODES), max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(run::Run),
    Serve(serve::Serve),
    Mcp(mcp::Mcp),
    #[command(subcommand)]
    Runs(runs::Runs),
    #[command(subcommand)]
    Source(source::Source),
    Harvest(harvest::Harvest),
    Search(search::Search),
    #[command(subcommand)]
    Show(show::Show),
    Sql(sql::Sql),
    Infer(infer::Infer),
    Explain(explain::Explain),
    Inclusions(inclusions::Inclusions),
    Diff(diff::Diff),
    Queries(queries::Queries),
    Rules(rules::Rules),
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    Verify(verify::Verify),
    Check(check::Check),
    Eval(eval::Eval),
    Demo(demo::Demo),
    Guard(guard::Guard),
    #[command(subcommand)]
    Token(token::Token),
    Audit(audit::Audit),
    Completions(completions::Completions),
}

/// Carries out a command line, and says what went wrong where something did.
pub async fn main(words: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(help_or_error) => {
            // Nobody is left to tell when this fails.
            let _ = help_or_error.print();
            return if help_or_error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    match cli.command.carry_out(&cli.global).await {
        Ok(exit) => exit,
        Err(error) => {
            if !exit::is_broken_pipe(&error) {
                out::note(exit::told(&error));
            }
            Exit::of_error(&error)
        }
    }
}

impl Command {
    async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        match self {
            Self::Run(run) => run.carry_out(global).await,
            Self::Serve(serve) => serve.carry_out(global).await,
            Self::Runs(runs) => runs.carry_out(global).await,
            Self::Source(source) => source.carry_out(global).await,
            Self::Harvest(harvest) => harvest.carry_out(global).await,
            Self::Search(search) => search.carry_out(global).await,
            Self::Show(show) => show.carry_out(global).await,
            Self::Infer(infer) => infer.carry_out(global).await,
            Self::Explain(explain) => explain.carry_out(global).await,
            Self::Inclusions(inclusions) => inclusions.carry_out(global).await,
            Self::Diff(diff) => diff.carry_out(global).await,
            Self::Queries(queries) => queries.carry_out(global).await,
            Self::Rules(rules) => rules.carry_out(global).await,
            Self::Sql(sql) => sql.carry_out(global).await,
            Self::Mcp(mcp) => mcp.carry_out(global).await,
            Self::Secrets(secrets) => secrets.carry_out(global).await,
            Self::Verify(verify) => verify.carry_out(global).await,
            Self::Check(check) => check.carry_out(global).await,
            Self::Eval(eval) => eval.carry_out(global).await,
            Self::Demo(demo) => demo.carry_out(global).await,
            Self::Guard(guard) => guard.carry_out(),
            Self::Token(token) => token.carry_out(global).await,
            Self::Audit(audit) => audit.carry_out(global).await,
            Self::Completions(completions) => completions.carry_out(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["fathom"].iter().chain(words))
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_stand_before_and_behind_a_command() {
        for words in [&["--data", "d", "runs", "list"][..], &["runs", "--data", "d", "list"], &["runs", "list", "--data", "d"]] {
            assert_eq!(parsed(words).unwrap().global.data.as_deref(), Some(std::path::Path::new("d")), "{words:?}");
        }
    }

    #[test]
    fn what_a_person_types_is_understood() {
        let cli = parsed(&["run", "shop.db", "--intent", "a", "--intent", "b", "--budget-usd", "0.5", "--json"]).unwrap();
        let Command::Run(run) = cli.command else { panic!("not a run") };
        assert_eq!(
            (run.source.as_deref(), run.goals, run.budget_usd, run.json),
            (Some("shop.db"), vec!["a".into(), "b".into()], Some(0.5), true)
        );
        for wrong in [
            &["runs", "answer", "r", "q"][..],
            &["runs", "answer", "r", "q", "a", "--option", "b"],
            &["runs", "intent", "r"],
            &["run", "--nope"],
            &[],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?} was taken");
        }
        assert!(parsed(&["runs", "intent", "r", "--constraint", "c"]).is_ok());
        assert!(parsed(&["runs", "answer", "r", "q", "--option", "b"]).is_ok());
    }
}
