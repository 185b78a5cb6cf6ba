//! `fathom show`: one object of a source, with what matters about it.

use clap::Subcommand;
use serde_json::{Value, json};

use super::exit::Exit;
use super::global::Global;
use super::looking::{Looking, cell, list, object};
use super::{grid, out};

/// Show an object of a source
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  fathom show table orders --source shop.db\n  fathom show table public.orders --source shop --json")]
pub enum Show {
    /// A table or view: columns, keys, indexes, rows
    Table {
        /// `table` or `schema.table`
        name: String,
        #[command(flatten)]
        looking: Looking,
    },
}

impl Show {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let Self::Table { name, looking } = self;
        looking.call(global, "describe_table", object(json!({"table": name})), table).await
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

fn optional(value: &Value) -> String {
    if value.is_null() { String::new() } else { cell(value) }
}

fn names(list: &Value) -> String {
    list.as_array().map(|names| names.iter().map(cell).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}
