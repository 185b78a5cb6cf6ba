//! `fathom check`: whether everything that is configured can be used, and which settings are in force.

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::out;
use crate::app;

/// Check configuration, agents, prompts and the data folder; print the settings in force
///
/// Secrets are masked. Each setting is shown with the file, variable or flag that it came from.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes:\n  0    everything can be used\n  2    something is to be mended; all of it is listed")]
pub struct Check {
    /// Ask each configured model for a word, too
    #[arg(long)]
    pub models: bool,
}

impl Check {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let loaded = global.load()?;
        let widest = loaded.effective().iter().map(|setting| setting.key.chars().count()).max().unwrap_or_default();
        for setting in loaded.effective() {
            out::line(format!("{:widest$}  {}  ({})", setting.key, setting.value, setting.origin))?;
        }
        let problems = app::check(&loaded.settings, self.models).await;
        if problems.is_empty() {
            out::line("everything can be used")?;
            return Ok(Exit::Done);
        }
        for problem in &problems {
            out::note(format!("problem: {problem}"));
        }
        Ok(Exit::Usage)
    }
}
