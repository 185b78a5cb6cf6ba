//! `table_profile`: figures about every column of a table, from one query.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::workspace::Workspace;
use super::{reading, schema};
use crate::domain::{Column, SnapshotId, Table};
use crate::evidence::{self, ColumnFacts, types};
use crate::source::Dialect;
use crate::source::spelling::Sample;

/// Columns of one query; SQLite answers at most 2,000 values a row.
const COLUMNS_A_QUERY: usize = 200;

pub struct TableProfile {
    settings: Settings,
    kept: Mutex<HashMap<Asked, (Instant, Value)>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Asked {
    snapshot: SnapshotId,
    table: String,
    full: bool,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    mode: String,
}

/// Which rows are looked at.
enum Rows {
    All,
    /// About one in so many.
    OneIn(u64),
    First(u64),
}

impl TableProfile {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), kept: Mutex::new(HashMap::new()) }
    }

    fn kept(&self, asked: &Asked) -> Option<Value> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = kept.get(asked)?;
        (at.elapsed() < Duration::from_secs(self.settings.profile_age_s)).then(|| value.clone())
    }

    fn keep(&self, asked: Asked, value: &Value) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.settings.profiles_kept {
            let oldest = kept.iter().min_by_key(|(_, (at, _))| *at).map(|(asked, _)| asked.clone());
            oldest.map(|oldest| kept.remove(&oldest));
        }
        kept.insert(asked, (Instant::now(), value.clone()));
    }

    /// What to try, best first; each is cheaper than the one before.
    fn ways(&self, dialect: Dialect, table: &Table, full: bool) -> Vec<Rows> {
        let quick = self.settings.quick_rows;
        match table.row_count {
            Some(count) if full || count <= quick => vec![Rows::All, Rows::First(quick)],
            Some(count) if !table.kind.is_derived() && dialect.sample("", table, 2).is_some() => {
                vec![Rows::OneIn(count.div_ceil(quick).max(2)), Rows::First(quick)]
            }
            _ if full => vec![Rows::All, Rows::First(quick)],
            _ => vec![Rows::First(quick)],
        }
    }
}

#[async_trait]
impl Tool for TableProfile {
    fn spec(&self) -> Spec {
        Spec {
            name: "table_profile",
            description: "Profiles all columns of a table in one pass: NULLs, distinct values, smallest and largest value, mean of numbers, lengths and empty strings of texts, and which columns could be a key. `quick` samples large tables and says how; `full` looks at all rows within the time limit.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "mode": schema::one_of(&["quick", "full"], "quick", "`quick` samples large tables.")
                }),
                &["table"],
            ),
            output: schema::result(json!({
                "table": {"type": "string"}, "rows": {"type": ["integer", "null"]}, "looked_at": {"type": "integer"}, "how": {"type": "string"},
                "columns": schema::list(schema::result(json!({
                    "name": {"type": "string"}, "type": {"type": "string"}, "nulls": {"type": "integer"}, "null_share": {"type": "number"},
                    "distinct": {"type": "integer"}, "unique": {"type": "boolean"}, "min": {}, "max": {}, "mean": {},
                    "max_length": {"type": "integer"}, "empty": {"type": "integer"}
                }))),
                "key_candidates": schema::list(key_schema())
            })),
            example: json!({"schema": "main", "table": "orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let full = args.mode == "full";
        let asked = Asked { snapshot: workspace.snapshot.id.clone(), table: table.full_name(), full };
        if let Some(value) = self.kept(&asked) {
            return Ok(value);
        }
        let mut last_failure = Failure::Mendable(format!("`{}` has no columns that can be read", table.full_name()));
        for rows in self.ways(workspace.source.dialect(), table, full) {
            match self.profile(workspace, table, &rows).await {
                Ok(value) => {
                    self.keep(asked, &value);
                    return Ok(value);
                }
                Err(Failure::Mendable(why)) => last_failure = Failure::Mendable(why),
                Err(broken) => return Err(broken),
            }
        }
        Err(last_failure)
    }
}

impl TableProfile {
    async fn profile(&self, workspace: &Workspace, table: &Table, rows: &Rows) -> Result<Value, Failure> {
        let dialect = workspace.source.dialect();
        let name = reading::quoted_table(dialect, table);
        let Sample { from, how } = match rows {
            Rows::All => Sample { from: name, how: "all rows".to_owned() },
            Rows::OneIn(step) => match dialect.sample(&name, table, *step) {
                Some(sample) => sample,
                None => return Err(Failure::Mendable("the database has no cheap way to sample".to_owned())),
            },
            Rows::First(count) => {
                Sample { from: format!("(select * from {name} limit {count}) as s"), how: format!("the first {count} rows at most") }
            }
        };
        let mut looked_at = 0;
        let mut lines = Vec::with_capacity(table.columns.len());
        let mut facts = Vec::with_capacity(table.columns.len());
        let exact = matches!(rows, Rows::All);
        for columns in table.columns.chunks(COLUMNS_A_QUERY) {
            let figures: Vec<String> = columns.iter().map(|column| figures_of(dialect, column).join(", ")).collect();
            let sql = format!("select count(*), {} from {from}", figures.join(", "));
            let answer = reading::read(workspace, &sql, &self.settings.read_limits(1)).await?;
            let mut values = answer.rows.into_iter().next().unwrap_or_default().into_iter();
            looked_at = values.next().and_then(|value| value.as_u64()).unwrap_or(0);
            for column in columns {
                let figures: Vec<Value> = values.by_ref().take(figures_of(dialect, column).len()).collect();
                let (line, fact) = column_line(column, looked_at, figures, exact);
                lines.push(line);
                facts.push(fact);
            }
        }
        if lines.is_empty() {
            return Err(Failure::Mendable(format!("`{}` has no columns that can be read", table.full_name())));
        }
        let mut keys = evidence::key_candidates(table, &facts);
        keys.truncate(5);
        Ok(json!({
            "table": table.full_name(),
            "rows": table.row_count,
            "looked_at": looked_at,
            "how": how,
            "columns": lines,
            "key_candidates": reading::to_value(keys)?,
        }))
    }
}

fn key_schema() -> Value {
    schema::result(json!({
        "columns": schema::names(), "score": {"type": "number"}, "basis": {"type": "string"}, "why": schema::names()
    }))
}

/// The order in which [`column_line`] reads them back.
fn figures_of(dialect: Dialect, column: &Column) -> Vec<String> {
    let name = reading::quoted(dialect, &column.name);
    let kind = column.r#type.as_str();
    let mut figures = vec![format!("count({name})"), format!("count(distinct {})", dialect.groupable(&name, kind))];
    if kind != "json"
        && let Some(value) = dialect.orderable(&name, kind)
    {
        figures.extend([format!("min({value})"), format!("max({value})")]);
    }
    if types::is_numeric(kind) {
        figures.push(dialect.mean(&name, kind));
    }
    if matches!(kind, "blob" | "json" | "text" | "other") {
        figures.push(format!("max({})", dialect.length(&name, kind)));
    }
    if matches!(kind, "text" | "other") {
        figures.push(format!("sum(case when {} then 1 else 0 end)", dialect.is_empty(&name, kind)));
    }
    figures
}

fn column_line(column: &Column, rows: u64, figures: Vec<Value>, exact: bool) -> (Value, ColumnFacts) {
    let mut figures = figures.into_iter();
    let mut next = || figures.next().unwrap_or(Value::Null);
    let filled = next().as_u64().unwrap_or(0);
    let distinct = next().as_u64().unwrap_or(0);
    let nulls = rows.saturating_sub(filled);
    let mut line = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            line.insert(name.to_owned(), value);
        }
    };
    put("name", Value::from(column.name.as_str()));
    put("type", Value::from(column.r#type.as_str()));
    put("nulls", Value::from(nulls));
    if rows > 0 {
        put("null_share", json!((nulls as f64 / rows as f64 * 10_000.0).round() / 10_000.0));
    }
    put("distinct", Value::from(distinct));
    if exact && rows > 0 && nulls == 0 && distinct == rows {
        put("unique", Value::from(true));
    }
    match column.r#type.as_str() {
        "blob" | "json" => put("max_length", next()),
        kind if types::is_numeric(kind) => {
            put("min", next());
            put("max", next());
            put("mean", next());
        }
        "text" | "other" => {
            put("min", next());
            put("max", next());
            put("max_length", next());
            let empty = next();
            if empty.as_u64().is_some_and(|count| count > 0) {
                put("empty", empty);
            }
        }
        _ => {
            put("min", next());
            put("max", next());
        }
    }
    (Value::Object(line), ColumnFacts { column: column.name.clone(), rows, nulls, distinct, exact })
}
