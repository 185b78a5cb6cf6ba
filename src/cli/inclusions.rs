//! `fathom inclusions`: which columns' values are all found in which others.

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::out;
use super::target::Target;
use crate::app::Resume;
use crate::tools::survey::inclusions::Inclusions as Found;

/// List every pair of columns of which the one's values are all found in the other
///
/// Exact, and no proof of a reference: small numbers are found everywhere. `fathom infer` weighs what more there is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom inclusions shop.db\n  fathom inclusions shop --json")]
pub struct Inclusions {
    /// A registered name, a DSN, or the path of a SQLite file
    pub source: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Inclusions {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let source = target.words_of(&self.source);
        let found = target.client.get(&["sources", &source, "inclusions"], &[]).await;
        let found: Found = target.close_after(found).await?;
        if self.json {
            out::json(&Found { elapsed_ms: None, ..found })?;
        } else {
            show(&found)?;
        }
        Ok(Exit::Done)
    }
}

fn show(found: &Found) -> std::io::Result<()> {
    for one in &found.inclusions {
        let side = |table: &str, column: &str| out::harmless(&format!("{table}.{column}"), 200);
        let doubt = if one.exact { "" } else { "  (not compared in full)" };
        out::line(format!("{} ⊆ {}{doubt}", side(&one.child_table, &one.child_column), side(&one.parent_table, &one.parent_column)))?;
    }
    if !found.not_read_whole.is_empty() {
        out::note(format!("not read to the end, so left out: {}", out::harmless(&found.not_read_whole.join(", "), 400)));
    }
    out::note(format!(
        "{} of {} in {:.1} s",
        out::count(found.inclusions.len(), "inclusion"),
        out::count(found.columns, "column"),
        found.elapsed_ms.unwrap_or_default() as f64 / 1e3
    ));
    Ok(())
}
