//! `fathom infer`: keys and references as the data tells them.

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::target::Target;
use super::{grid, out};
use crate::app::Resume;
use crate::tools::survey::shown::{ForeignKey, Inferred, Polymorphic, PolymorphicTarget};

/// Infer the keys and references of a database from its data and names
///
/// Each table is read once. What is declared is heeded; `--blind` does not look at it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom infer shop.db\n  fathom infer postgres://localhost/shop --json\n  fathom infer shop --blind")]
pub struct Infer {
    /// A registered name, a DSN, or the path of a SQLite file
    pub source: String,
    /// Do not look at declared constraints
    #[arg(long)]
    pub blind: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Infer {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let inferred = inferred(global, &self.source, self.blind, false).await?;
        if self.json {
            out::json(&Inferred { elapsed_ms: None, ..inferred })?;
        } else {
            show(&inferred)?;
        }
        Ok(Exit::Done)
    }
}

/// Asks the server; the wait may be long.
pub async fn inferred(global: &Global, source: &str, blind: bool, rejected: bool) -> anyhow::Result<Inferred> {
    let target = Target::find(global, Resume::No).await?;
    let source = target.words_of(source);
    let query = [("blind", blind.to_string()), ("rejected", rejected.to_string())];
    let inferred = target.client.get(&["sources", &source, "inference"], &query).await;
    target.close_after(inferred).await
}

fn show(inferred: &Inferred) -> std::io::Result<()> {
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let keys: Vec<Vec<String>> =
        inferred.primary_keys.iter().map(|(table, columns)| vec![harmless(table), harmless(&columns.join(", "))]).collect();
    if !keys.is_empty() {
        grid::print(&text(&["table", "key"]), &keys, &[])?;
        out::line("")?;
    }
    let references: Vec<Vec<String>> = inferred.foreign_keys.iter().map(row).collect();
    if !references.is_empty() {
        grid::print(&text(&["sure", "refers", "to", "rows without"]), &references, &[true, false, false, true])?;
        out::line("")?;
    }
    let polymorphic: Vec<Vec<String>> = inferred.polymorphic.iter().flat_map(rows_of_pair).collect();
    if !polymorphic.is_empty() {
        grid::print(&text(&["sure", "refers", "where", "to", "values without"]), &polymorphic, &[true, false, false, false, true])?;
        out::line("")?;
    }
    for (copy, original) in &inferred.copies {
        out::line(format!("{} is a copy of {}", harmless(copy), harmless(original)))?;
    }
    if !inferred.not_read_whole.is_empty() {
        out::note(format!("not read to the end, so judged by less: {}", harmless(&inferred.not_read_whole.join(", "))));
    }
    let (keys, references) = (out::count(inferred.primary_keys.len(), "key"), out::count(inferred.foreign_keys.len(), "reference"));
    let tables = out::count(inferred.tables, "table");
    let polymorphic = match inferred.polymorphic.len() {
        0 => String::new(),
        several => format!(", {several} to one table or another"),
    };
    let seconds = inferred.elapsed_ms.unwrap_or_default() as f64 / 1e3;
    out::line(format!("{keys}, {references}{polymorphic} in {tables} of {} rows, {seconds:.1} s", inferred.rows))
}

fn row(reference: &ForeignKey) -> Vec<String> {
    let side = |table: &str, columns: &[String]| harmless(&format!("{table}({})", columns.join(", ")));
    let violations = match &reference.violations {
        Some(violations) if violations.violating_rows > 0 => format!("{} of {}", violations.violating_rows, violations.rows),
        Some(_) => "0".to_owned(),
        None => "not counted".to_owned(),
    };
    let sure = if reference.declared { "declared".to_owned() } else { format!("{:.2}", reference.confidence) };
    vec![sure, side(&reference.child_table, &reference.child_columns), side(&reference.parent_table, &reference.parent_columns), violations]
}

/// A row for each value.
fn rows_of_pair(pair: &Polymorphic) -> Vec<Vec<String>> {
    let row = |target: &PolymorphicTarget| {
        vec![
            format!("{:.2}", pair.confidence),
            harmless(&format!("{}({})", pair.child_table, pair.id_column)),
            harmless(&format!("{} is `{}`", pair.type_column, target.value)),
            harmless(&format!("{}({})", target.parent_table, target.parent_column)),
            format!("{} of {}", target.missing, target.compared),
        ]
    };
    pair.targets.iter().map(row).collect()
}

fn harmless(text: &str) -> String {
    out::harmless(text, 400)
}
