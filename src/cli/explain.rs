//! `fathom explain`: why a column refers to what it is said to refer to, and not to something else.

use clap::Args;
use console::style;

use super::exit::{Exit, UsageError};
use super::global::Global;
use super::infer::inferred;
use super::out;
use crate::evidence::infer::Signal;
use crate::tools::survey::shown::{ForeignKey, Inferred, Polymorphic};

/// Explain the keys and references of a table: every signal that was weighed, for what stands and for what does not
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fathom explain shop.db orders\n  fathom explain shop.db orders.customer_id\n  fathom explain shop public.orders --json"
)]
pub struct Explain {
    /// A registered name, a DSN, or the path of a SQLite file
    pub source: String,
    /// `table` or `table.column`, with the schema before it where there are several
    pub object: String,
    /// Do not look at declared constraints
    #[arg(long)]
    pub blind: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Candidates of one column that do not stand and are shown.
const REJECTED: usize = 5;

impl Explain {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let mut inferred = inferred(global, &self.source, self.blind, true).await?;
        let (table, column) = self.meant(&inferred)?;
        let is_meant = |reference: &ForeignKey| {
            reference.child_table == table && column.as_ref().is_none_or(|column| reference.child_columns.iter().any(|name| name == column))
        };
        inferred.foreign_keys.retain(is_meant);
        inferred.rejected.retain(is_meant);
        let is_of_pair = |pair: &Polymorphic, column: &String| [&pair.type_column, &pair.id_column].contains(&column);
        inferred.polymorphic.retain(|pair| pair.child_table == table && column.as_ref().is_none_or(|column| is_of_pair(pair, column)));
        inferred.primary_keys.retain(|name, _| *name == table);
        inferred.key_signals.retain(|name, _| *name == table);
        if self.json {
            out::json(&inferred)?;
        } else {
            show(&inferred, &table, column.is_some())?;
        }
        Ok(Exit::Done)
    }

    /// The table, and a column of it.
    fn meant(&self, inferred: &Inferred) -> Result<(String, Option<String>), UsageError> {
        let all = inferred.foreign_keys.iter().chain(&inferred.rejected);
        let mut tables: Vec<&str> = inferred
            .primary_keys
            .keys()
            .map(String::as_str)
            .chain(all.flat_map(|one| [one.child_table.as_str(), &one.parent_table]))
            .chain(inferred.polymorphic.iter().map(|pair| pair.child_table.as_str()))
            .collect();
        tables.sort_unstable();
        tables.dedup();
        let is_named = |table: &&&str, name: &str| {
            table.eq_ignore_ascii_case(name) || table.rsplit('.').next().is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        if let Some(table) = tables.iter().find(|table| is_named(table, &self.object)) {
            return Ok(((*table).to_owned(), None));
        }
        if let Some((name, column)) = self.object.rsplit_once('.')
            && let Some(table) = tables.iter().find(|table| is_named(table, name))
        {
            return Ok(((*table).to_owned(), Some(column.to_owned())));
        }
        let shown = tables.iter().take(20).map(|table| format!("`{}`", out::harmless(table, 80))).collect::<Vec<_>>().join(", ");
        Err(UsageError(format!("nothing was weighed of `{}`; there are: {shown}", out::harmless(&self.object, 80))))
    }
}

fn show(inferred: &Inferred, table: &str, one_column: bool) -> std::io::Result<()> {
    match (inferred.primary_keys.get(table), one_column) {
        (_, true) => {}
        (Some(columns), false) => {
            out::line(style(format!("{} is identified by {}", harmless(table), harmless(&columns.join(", ")))).bold().to_string())?;
            signals(inferred.key_signals.get(table).map_or(&[], Vec::as_slice))?;
        }
        (None, false) => out::line(format!("{} has no key that the data shows", harmless(table)))?,
    }
    for reference in &inferred.foreign_keys {
        let line = format!(
            "{} refers to {} ({:.2})",
            side(&reference.child_table, &reference.child_columns),
            parent(reference),
            reference.confidence
        );
        out::line(format!("\n{}", style(line).bold()))?;
        signals(&reference.signals)?;
        if let Some(violations) = reference.violations.as_ref().filter(|violations| violations.violating_rows > 0) {
            let examples = violations.examples.iter().map(|value| out::harmless(&value.to_string(), 40)).collect::<Vec<_>>().join(", ");
            out::line(format!("  {} of {} rows refer to nothing: {examples}", violations.violating_rows, violations.rows))?;
        }
        others(inferred, &reference.child_columns)?;
    }
    for pair in &inferred.polymorphic {
        several(pair)?;
        others(inferred, std::slice::from_ref(&pair.id_column))?;
    }
    let mut without: Vec<&[String]> = inferred.rejected.iter().map(|reference| reference.child_columns.as_slice()).collect();
    without.retain(|columns| inferred.foreign_keys.iter().all(|reference| reference.child_columns != *columns));
    without.retain(|columns| inferred.polymorphic.iter().all(|pair| *columns != [pair.id_column.clone()]));
    without.sort_unstable();
    without.dedup();
    for columns in without {
        out::line(format!("\n{}", style(format!("{} refers to nothing", side(table, columns))).bold()))?;
        others(inferred, columns)?;
    }
    Ok(())
}

/// A reference to one table or another.
fn several(pair: &Polymorphic) -> std::io::Result<()> {
    let ids = side(&pair.child_table, std::slice::from_ref(&pair.id_column));
    let line = format!("{ids} refers to one table or another, as {} says ({:.2})", harmless(&pair.type_column), pair.confidence);
    out::line(format!("\n{}", style(line).bold()))?;
    signals(&pair.signals)?;
    for target in &pair.targets {
        let parent = side(&target.parent_table, std::slice::from_ref(&target.parent_column));
        let value = out::harmless(&target.value, 80);
        out::line(format!("  `{value}`: {parent}, {} of {} different values are not found", target.missing, target.compared))?;
    }
    pair.unknown_values.iter().try_for_each(|value| out::line(format!("  `{}`: no table that is known", out::harmless(value, 80))))
}

/// What else the columns could refer to.
fn others(inferred: &Inferred, columns: &[String]) -> std::io::Result<()> {
    let mut rejected: Vec<&ForeignKey> = inferred.rejected.iter().filter(|reference| reference.child_columns == columns).collect();
    rejected.sort_by(|left, right| right.confidence.total_cmp(&left.confidence));
    for reference in rejected.iter().take(REJECTED) {
        let why = reference.rejected.as_deref().unwrap_or_default();
        let weights =
            reference.signals.iter().map(|signal| format!("{} {:+.1}", signal.name, signal.weight)).collect::<Vec<_>>().join(", ");
        out::line(format!("  not {} ({:.2}): {}; {weights}", parent(reference), reference.confidence, harmless(why)))?;
    }
    Ok(())
}

fn signals(signals: &[Signal]) -> std::io::Result<()> {
    signals.iter().try_for_each(|signal| out::line(format!("  {:+.1}  {}", signal.weight, harmless(&signal.says))))
}

fn parent(reference: &ForeignKey) -> String {
    side(&reference.parent_table, &reference.parent_columns)
}

fn side(table: &str, columns: &[String]) -> String {
    harmless(&format!("{table}({})", columns.join(", ")))
}

fn harmless(text: &str) -> String {
    out::harmless(text, 400)
}
