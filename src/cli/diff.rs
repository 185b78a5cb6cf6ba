//! `fathom diff`: what changed in a source.

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::looking::cell;
use super::out;
use super::target::Target;
use crate::api::sources::SourceDiff;
use crate::app::Resume;

/// Show what changed in a source between two of its states
///
/// A state is what a harvest found, and is named by what it holds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom source test shop && fathom diff shop\n  fathom diff shop --from snap_… --json")]
pub struct Diff {
    /// The source's name
    pub source: String,
    /// A snapshot [default: the one before the newest]
    #[arg(long, value_name = "SNAPSHOT")]
    pub from: Option<String>,
    /// A snapshot [default: the newest]
    #[arg(long, value_name = "SNAPSHOT")]
    pub to: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Diff {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let given = [("from", &self.from), ("to", &self.to)].into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
        let target = Target::find(global, Resume::No).await?;
        let diff: Result<SourceDiff, _> = target.client.get(&["sources", &self.source, "diff"], &given.collect::<Vec<_>>()).await;
        let diff = target.close_after(diff).await?;
        if self.json {
            out::json(&diff)?
        } else {
            show(&diff)?
        }
        Ok(Exit::Done)
    }
}

fn show(diff: &SourceDiff) -> std::io::Result<()> {
    for (sign, keys) in [("+", &diff.added), ("-", &diff.removed)] {
        keys.iter().try_for_each(|key| out::line(format!("{sign} {}", out::harmless(key, 200))))?;
    }
    for change in &diff.changed {
        let (key, what) = (out::harmless(&change.key, 200), out::harmless(&change.what, 80));
        out::line(format!("~ {key}  {what}: {} → {}", cell(&change.before), cell(&change.after)))?;
    }
    if diff.added.is_empty() && diff.removed.is_empty() && diff.changed.is_empty() {
        out::note("nothing has changed");
    }
    Ok(())
}
