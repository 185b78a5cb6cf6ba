//! `fathom completions`: what a shell needs to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Exit;
use super::{Cli, out};

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fathom completions bash > ~/.local/share/bash-completion/completions/fathom\n  fathom completions zsh > ~/.zfunc/_fathom\n  fathom completions fish > ~/.config/fish/completions/fathom.fish"
)]
pub struct Completions {
    pub shell: Shell,
}

impl Completions {
    pub fn carry_out(&self) -> anyhow::Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "fathom", &mut text);
        out::line(String::from_utf8(text)?.trim_end())?;
        Ok(Exit::Done)
    }
}
