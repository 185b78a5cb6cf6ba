//! The flags that every command takes, and the settings that come of them.

use std::path::PathBuf;

use clap::Args;

use super::exit::UsageError;
use super::out::quoted;
use crate::config::{self, Flags, Loaded};
use crate::store::Place;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings of any command")]
pub struct Global {
    /// Folder for runs, journals and the catalog [default: a folder of yours, see `fathom check`]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database for runs, journals and the catalog; better kept in FATHOM_STORE, where other users do not see its password
    #[arg(long, global = true, value_name = "URL", hide_default_value = true)]
    pub store: Option<String>,
    /// Read this configuration file and no other
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Agent files that replace or add to the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pub agents: Option<PathBuf>,
    /// Prompts that replace or add to the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pub prompts: Option<PathBuf>,
    /// What is logged: `warn`, `info`, `info,fathom::engine=debug`
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Talk to this server [default: the one that uses the data folder; without one, Fathom runs inside the command]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Token for the server; better kept in FATHOM_TOKEN, where other users of the machine do not see it
    #[arg(long, global = true, value_name = "TOKEN", hide_default_value = true)]
    pub token: Option<String>,
}

impl Global {
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::reading(self.config.clone());
        flags.set_if_given("--data", "data_dir", self.data.as_ref());
        flags.set_if_given("--store", "store", self.store.as_ref());
        flags.set_if_given("--agents", "agents_dir", self.agents.as_ref());
        flags.set_if_given("--prompts", "prompts_dir", self.prompts.as_ref());
        flags.set_if_given("--log", "telemetry.log", self.log.as_ref());
        flags.set_if_given("--server", "server", self.server.as_ref());
        flags.set_if_given("--token", "token", self.token.as_ref());
        flags
    }

    /// The settings in force, or everything that is wrong with them.
    pub fn load(&self) -> Result<Loaded, UsageError> {
        load(self.flags())
    }

    /// A command line that talks to the same server or folder: what hints are made of.
    pub fn again(&self, words: &str) -> String {
        let mut command = format!("fathom {words}");
        let flags = [("--server", self.server.clone()), ("--data", self.data.as_ref().map(|path| path.display().to_string()))];
        let config = ("--config", self.config.as_ref().map(|path| path.display().to_string()));
        let store = ("--store", self.store.as_ref().and_then(|text| text.parse::<Place>().ok()).map(|place| place.to_string()));
        for (flag, value) in flags.into_iter().chain([config, store]) {
            if let Some(value) = value {
                command.push_str(&format!(" {flag} {}", quoted(&value)));
            }
        }
        command
    }
}

pub fn load(flags: Flags) -> Result<Loaded, UsageError> {
    config::load(flags).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        UsageError(format!("the configuration has {} to mend:{}", super::out::count(lines.len(), "thing"), lines.concat()))
    })
}
