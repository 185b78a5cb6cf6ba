//! `fathom show`: one object of a source, with what matters about it.

use clap::Subcommand;
use serde_json::{Value, json};

use super::exit::Exit;
use super::global::Global;
use super::looking::{Looking, cell, list, object};
use super::runs::show::when;
use super::{grid, out};

/// Show an object of a source
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  fathom show table orders --source shop.db\n  fathom show table public.orders --source shop --json\n  fathom show entry table table/main.orders --history --source shop.db"
)]
pub enum Show {
    /// A table or view: columns, keys, indexes, rows
    Table {
        /// `table` or `schema.table`
        name: String,
        #[command(flatten)]
        looking: Looking,
    },
    /// An entry of the catalog: what is claimed, by whom, on what evidence
    Entry {
        /// Kind of the entry: table, column, relationship, metric, …
        kind: String,
        /// Its key, as `fathom search` shows it
        key: String,
        /// Show its changes too, newest first
        #[arg(long)]
        history: bool,
        /// Show the claims of others that do not stand
        #[arg(long)]
        claims: bool,
        /// Show it as it was at the end of this run
        #[arg(long, value_name = "RUN")]
        as_of: Option<String>,
        #[command(flatten)]
        looking: Looking,
    },
}

impl Show {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        match self {
            Self::Table { name, looking } => looking.call(global, "describe_table", object(json!({"table": name})), table).await,
            Self::Entry { kind, key, history, claims, as_of, looking } => {
                let args = json!({"kind": kind, "key": key, "history": history, "claims": claims, "as_of": as_of});
                looking.call(global, "catalog_get", object(args), entries).await
            }
        }
    }
}

fn table(answer: &Value) -> std::io::Result<()> {
    let rows = match answer["rows"].as_u64() {
        Some(rows) if answer["rows_estimated"] == json!(true) => format!(", about {rows} rows"),
        Some(rows) => format!(", {rows} rows"),
        None => String::new(),
    };
    out::line(format!("{} {}.{}{rows}", cell(&answer["kind"]).replace('_', " "), cell(&answer["schema"]), cell(&answer["table"])))?;
    if answer["comment"].is_string() {
        out::line(format!("  {}", cell(&answer["comment"])))?;
    }
    out::line("")?;
    let key = list(answer, "primary_key");
    let heading = ["column", "type", "", "default", "comment"].map(str::to_owned);
    let columns = list(answer, "columns").iter().map(|column| {
        let mut marks = Vec::new();
        marks.extend(key.contains(&column["name"]).then_some("key"));
        marks.extend((column["nullable"] == json!(false)).then_some("not null"));
        marks.extend((column["generated"] == json!(true)).then_some("generated"));
        marks.extend((column["identity"] == json!(true)).then_some("numbered"));
        marks.extend((column["masked"] == json!(true)).then_some("masked"));
        let declared = cell(&column["declared_type"]);
        let kind = if declared.is_empty() { cell(&column["type"]) } else { declared };
        vec![cell(&column["name"]), kind, marks.join(", "), optional(&column["default"]), optional(&column["comment"])]
    });
    grid::print(&heading, &columns.collect::<Vec<_>>(), &[])?;
    for reference in list(answer, "foreign_keys") {
        let to = format!("{}.{}", cell(&reference["to_schema"]), cell(&reference["to_table"]));
        out::line(format!("refers    ({}) to {to} ({})", names(&reference["columns"]), names(&reference["to_columns"])))?;
    }
    for index in list(answer, "indexes") {
        let unique = if index["unique"] == json!(true) { "unique " } else { "" };
        let condition = index["predicate"].as_str().map(|text| format!(" where {}", out::harmless(text, 80))).unwrap_or_default();
        out::line(format!("{unique}index {} ({}){condition}", cell(&index["name"]), names(&index["columns"])))?;
    }
    for check in list(answer, "checks") {
        out::line(format!("check     {}: {}", cell(&check["name"]), cell(&check["condition"])))?;
    }
    for trigger in list(answer, "triggers") {
        out::line(format!("trigger   {} {}", cell(&trigger["name"]), cell(&trigger["when"])))?;
    }
    if let Some(definition) = answer["definition"].as_str() {
        out::line(format!("\n{}", definition.lines().map(|line| out::harmless(line, 500)).collect::<Vec<_>>().join("\n")))?;
    }
    Ok(())
}

fn entries(answer: &Value) -> std::io::Result<()> {
    for (at, entry) in list(answer, "entries").iter().enumerate() {
        if at > 0 {
            out::line("")?;
        }
        out::line(format!("{} {}", cell(&entry["kind"]), cell(&entry["key"])))?;
        out::line(format!("  {}", claim_line(entry)))?;
        if entry["stale"].is_object() {
            out::line(format!("  stale: {} changed; it was {}", names(&entry["stale"]["because"]), cell(&entry["stale"]["was"])))?;
        }
        for (what, texts) in [("evidence", &entry["evidence"]), ("links", &entry["links"]), ("tags", &entry["tags"])] {
            if texts.as_array().is_some_and(|texts| !texts.is_empty()) {
                out::line(format!("  {what}: {}", names(texts)))?;
            }
        }
        let document = serde_json::to_string_pretty(&entry["document"]).unwrap_or_default();
        out::line(document.lines().map(|line| format!("  {}", out::harmless(line, 500))).collect::<Vec<_>>().join("\n"))?;
        for claim in list(entry, "claims") {
            out::line(format!("claimed   {}: {}", claim_line(claim), cell(&claim["document"])))?;
        }
        for change in list(&entry["history"], "changes") {
            out::line(format!("changed   {}: {}", claim_line(change), cell(&change["document"])))?;
        }
    }
    Ok(())
}

/// `validated, 0.90 sure, semantic, 2026-01-01 10:00`
fn claim_line(claim: &Value) -> String {
    let sure = claim["confidence"].as_f64().unwrap_or_default();
    let run = claim["provenance"]["run"].as_str().map(|run| format!(" in {}", out::harmless(run, 60))).unwrap_or_default();
    let when = claim["at"].as_i64().map(|at| format!(", {}", when(at))).unwrap_or_default();
    format!("{}, {sure:.2} sure, {}{run}{when}", cell(&claim["status"]), cell(&claim["provenance"]["author"]))
}

fn optional(value: &Value) -> String {
    if value.is_null() { String::new() } else { cell(value) }
}

fn names(list: &Value) -> String {
    list.as_array().map(|names| names.iter().map(cell).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}
