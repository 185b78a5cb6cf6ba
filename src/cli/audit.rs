//! `fathom audit`: what was done from outside, by whom, and what came of it.

use clap::Args;

use super::exit::{Exit, UsageError};
use super::global::Global;
use super::runs::show::when;
use super::target::Target;
use super::{grid, out};
use crate::api::audit::AuditItem;
use crate::app::Resume;
use crate::engine::clock::now_ms;

const EXAMPLES: &str = "\
Examples:
  fathom audit
  fathom audit --author token:claude --since 2h
  fathom audit --tool run_sql_readonly --limit 500 --json
  fathom audit --tool 'POST /sources'";

/// Show what was done from outside: who saw rows, wrote, approved or administered, with what, and who was refused
///
/// Newest first. Arguments are shown without secrets.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Audit {
    /// Calls of this author: `token:NAME`, or `outside` for who came without a token
    #[arg(long, value_name = "AUTHOR")]
    pub author: Option<String>,
    /// Calls of this tool, or of this route
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// Calls of so long: `30m`, `2h`, `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

const ARGS_CHARS: usize = 100;
const REASON_CHARS: usize = 80;

impl Audit {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let since = self.since.as_deref().map(milliseconds).transpose()?.map(|time| now_ms() - time);
        let target = Target::find(global, Resume::No).await?;
        let given = [("author", self.author.clone()), ("tool", self.tool.clone()), ("since", since.map(|since| since.to_string()))];
        let query: Vec<(&str, String)> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let listed = target.client.list(&["audit"], &query, self.limit.max(1)).await;
        let items: Vec<AuditItem> = target.close_after(listed).await?;
        if self.json {
            items.iter().try_for_each(|item| anyhow::Ok(out::line(serde_json::to_string(item)?)?))?;
        } else if items.is_empty() {
            out::note("nothing of this kind was done");
        } else {
            let heading = ["ms", "at", "who", "call", "source", "came to", "with"].map(str::to_owned);
            grid::print(&heading, &items.iter().map(row).collect::<Vec<_>>(), &[true])?;
        }
        Ok(Exit::Done)
    }
}

fn row(item: &AuditItem) -> Vec<String> {
    let came_to = match item.reason.as_str() {
        "" => item.outcome.clone(),
        reason => format!("{}: {}", item.outcome, out::harmless(reason, REASON_CHARS)),
    };
    let source = out::harmless(item.source.as_deref().unwrap_or_default(), 40);
    let args = out::harmless(&item.args.to_string(), ARGS_CHARS);
    vec![format!("{:.1}", item.duration_ms), when(item.at), out::harmless(&item.author, 40), item.call.clone(), source, came_to, args]
}

/// `90s`, `30m`, `2h`, `7d`.
fn milliseconds(text: &str) -> Result<i64, UsageError> {
    let units = [("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000_i64)];
    let read =
        units.into_iter().find_map(|(unit, length)| text.strip_suffix(unit)?.parse::<u32>().ok().map(|number| i64::from(number) * length));
    read.ok_or_else(|| UsageError(format!("`{text}` is no time; valid are `90s`, `30m`, `2h`, `7d`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        assert_eq!(["90s", "30m", "2h", "7d"].map(|text| milliseconds(text).unwrap()), [90_000, 1_800_000, 7_200_000, 604_800_000]);
        for bad in ["", "h", "2", "2w", "-1h", "1.5h", "99999999999d"] {
            assert!(milliseconds(bad).is_err(), "{bad}");
        }
    }
}
