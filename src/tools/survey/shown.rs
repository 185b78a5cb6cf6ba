//! A survey as it is answered: keys and references by their names, each reference with the rows that break it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Survey, TableRead};
use crate::claims::ProposedWrite;
use crate::claims::checks::{self, Verdict};
use crate::domain::{Rows, Table};
use crate::evidence::infer::{self, InferredPolymorphic, InferredReference, Signal};
use crate::source::{Dialect, ReadLimits};
use crate::tools::port::Failure;
use crate::tools::reading::{self, quoted};
use crate::tools::workspace::Workspace;
use std::collections::BTreeMap;
use std::time::Duration;

/// Violating values that are shown of a reference.
const EXAMPLES: usize = 5;

const TIME: Duration = Duration::from_secs(10);

/// Keys and references of a database as the data tells them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Inferred {
    pub database: String,
    /// The columns of each table's key, in order; a table without one is left out.
    pub primary_keys: BTreeMap<String, Vec<String>>,
    pub foreign_keys: Vec<ForeignKey>,
    /// References to one table or another, by a name beside the key; none of them is among the foreign keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polymorphic: Vec<Polymorphic>,
    /// Tables that are copies by their names and columns, each with the table that it is a copy of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<String, String>,
    /// What was weighed and does not stand, where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<ForeignKey>,
    /// Why the keys are keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub key_signals: BTreeMap<String, Vec<Signal>>,
    /// Tables of which not every row was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read_whole: Vec<String>,
    pub tables: usize,
    pub rows: u64,
    /// Left out where the same database is to give the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ForeignKey {
    pub child_table: String,
    pub child_columns: Vec<String>,
    pub parent_table: String,
    pub parent_columns: Vec<String>,
    pub confidence: f64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declared: bool,
    /// What speaks for it and against it; weights add up, above zero it stands.
    #[schema(value_type = Vec<Object>)]
    pub signals: Vec<Signal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violations: Option<Violations>,
    /// Why it does not stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
}

/// A column that names a table, and one with the key of a row there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Polymorphic {
    pub child_table: String,
    pub type_column: String,
    pub id_column: String,
    /// What each value stands for, the most frequent first.
    pub targets: Vec<PolymorphicTarget>,
    /// Values that stand beside keys and name no table that has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_values: Vec<String>,
    pub confidence: f64,
    /// What speaks for it and against it; weights add up, above zero it stands.
    #[schema(value_type = Vec<Object>)]
    pub signals: Vec<Signal>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolymorphicTarget {
    pub value: String,
    pub parent_table: String,
    pub parent_column: String,
    /// That have this value and a key.
    pub rows: u64,
    /// Different keys that were looked for; not all of them where there are very many.
    pub compared: usize,
    /// Of those, how many the parent has not.
    pub missing: usize,
}

/// Rows whose value the parent has not, counted in the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Violations {
    /// That have a value.
    pub rows: u64,
    pub violating_rows: u64,
    pub share: f64,
    #[schema(value_type = Vec<Object>)]
    pub examples: Vec<Value>,
}

/// `rejected` adds what was weighed and does not stand, and why keys are keys.
pub async fn inferred(workspace: &Workspace, survey: &Survey, rejected: bool) -> Result<Inferred, Failure> {
    let inference = &survey.inference;
    let name = |schema: &str, table: &str| table_name(workspace, schema, table);
    let mut foreign_keys = Vec::new();
    for reference in survey.references() {
        let violations = violations(workspace, reference).await?;
        foreign_keys.push(ForeignKey { violations, ..ForeignKey::of(workspace, reference) });
    }
    foreign_keys.sort_by(|left, right| left.place().cmp(&right.place()));
    let others = inference.references.iter().filter(|reference| rejected && reference.rejected.is_some());
    let read: &[TableRead] = &survey.tables;
    let full_name = |table: &Table| name(&table.schema, &table.name);
    let tables = || workspace.snapshot.tables.iter();
    let copies = tables().filter_map(|table| {
        let original = survey.landscape.place(&table.full_name())?.copy_of.as_ref()?;
        tables().find(|other| other.full_name() == *original).map(|original| (full_name(table), full_name(original)))
    });
    Ok(Inferred {
        database: workspace.key.to_string(),
        primary_keys: inference.keys.iter().map(|key| (name(&key.schema, &key.table), key.columns.clone())).collect(),
        foreign_keys,
        polymorphic: inference.polymorphic.iter().map(|pair| Polymorphic::of(workspace, pair)).collect(),
        copies: copies.collect(),
        rejected: others.map(|reference| ForeignKey::of(workspace, reference)).collect(),
        key_signals: inference.keys.iter().filter(|_| rejected).map(|key| (name(&key.schema, &key.table), key.signals.clone())).collect(),
        not_read_whole: read.iter().filter(|table| !table.complete).map(|table| table.table.clone()).collect(),
        tables: read.len(),
        rows: read.iter().map(|table| table.rows).sum(),
        elapsed_ms: Some(survey.elapsed_ms),
    })
}

impl ForeignKey {
    fn of(workspace: &Workspace, reference: &InferredReference) -> Self {
        Self {
            child_table: table_name(workspace, &reference.child_schema, &reference.child_table),
            child_columns: reference.child_columns.clone(),
            parent_table: table_name(workspace, &reference.parent_schema, &reference.parent_table),
            parent_columns: reference.parent_columns.clone(),
            confidence: reference.confidence,
            declared: reference.declared,
            signals: reference.signals.clone(),
            violations: None,
            rejected: reference.rejected.clone(),
        }
    }

    fn place(&self) -> (&str, &[String], &str) {
        (&self.child_table, &self.child_columns, &self.parent_table)
    }
}

impl Polymorphic {
    fn of(workspace: &Workspace, pair: &InferredPolymorphic) -> Self {
        let target = |target: &infer::polymorphic::PolymorphicTarget| PolymorphicTarget {
            value: target.value.clone(),
            parent_table: table_name(workspace, &target.parent_schema, &target.parent_table),
            parent_column: target.parent_column.clone(),
            rows: target.rows,
            compared: target.compared,
            missing: target.missing,
        };
        Self {
            child_table: table_name(workspace, &pair.child_schema, &pair.child_table),
            type_column: pair.type_column.clone(),
            id_column: pair.id_column.clone(),
            targets: pair.targets.iter().map(target).collect(),
            unknown_values: pair.unknown_values.clone(),
            confidence: pair.confidence,
            signals: pair.signals.clone(),
        }
    }
}

/// A file of SQLite has one schema, which nobody names.
fn table_name(workspace: &Workspace, schema: &str, table: &str) -> String {
    if workspace.source.dialect() == Dialect::Sqlite { table.to_owned() } else { format!("{schema}.{table}") }
}

/// Counted in the database where something seemed to be missing; none where nothing was compared.
async fn violations(workspace: &Workspace, reference: &InferredReference) -> Result<Option<Violations>, Failure> {
    if reference.compared == 0 && !reference.declared {
        return Ok(None);
    }
    if reference.missing == 0 && !reference.declared {
        return Ok(Some(Violations { rows: reference.child_rows, violating_rows: 0, share: 0.0, examples: Vec::new() }));
    }
    let write =
        ProposedWrite { kind: "relationship".to_owned(), key: reference.key(), document: json!({}), tags: Vec::new(), links: Vec::new() };
    let verdict = checks::examine(&workspace.data(), &write).await.map_err(Failure::Broken)?;
    let (Verdict::Holds { check, .. } | Verdict::Doubtful { check, .. } | Verdict::Refuted { check, .. }) = verdict else {
        return Ok(None);
    };
    let (Some(rows), Some(violating_rows)) = (check.result["referencing_rows"].as_u64(), check.result["rows_without_partner"].as_u64())
    else {
        return Ok(None);
    };
    let share = if rows == 0 { 0.0 } else { violating_rows as f64 / rows as f64 };
    let examples = if violating_rows > 0 { examples(workspace, reference).await? } else { Vec::new() };
    Ok(Some(Violations { rows, violating_rows, share: (share * 1e6).round() / 1e6, examples }))
}

/// A few of the values that the parent has not; none where they cannot be had in time.
async fn examples(workspace: &Workspace, reference: &InferredReference) -> Result<Vec<Value>, Failure> {
    let dialect = workspace.source.dialect();
    let columns = |alias: &str, names: &[String]| names.iter().map(|name| format!("{alias}.{}", quoted(dialect, name))).collect::<Vec<_>>();
    let set = |columns: &[String]| columns.iter().map(|column| format!("{column} is not null")).collect::<Vec<_>>().join(" and ");
    let (child, parent) = (columns("c", &reference.child_columns), columns("p", &reference.parent_columns));
    let tuple = if child.len() == 1 { child[0].clone() } else { format!("({})", child.join(", ")) };
    let sql = format!(
        "select distinct {listed} from {child_table} as c where {child_set} and {tuple} not in \
         (select {keys} from {parent_table} as p where {parent_set}) order by {listed} limit {EXAMPLES}",
        listed = child.join(", "),
        child_table = format_args!("{}.{}", quoted(dialect, &reference.child_schema), quoted(dialect, &reference.child_table)),
        parent_table = format_args!("{}.{}", quoted(dialect, &reference.parent_schema), quoted(dialect, &reference.parent_table)),
        keys = parent.join(", "),
        child_set = set(&child),
        parent_set = set(&parent),
    );
    match reading::read(workspace, &sql, &ReadLimits { max_rows: EXAMPLES, max_bytes: 16 * 1024, time: TIME }).await {
        Ok(Rows { rows, .. }) => {
            Ok(rows.into_iter().map(|mut row| if row.len() == 1 { row.remove(0) } else { Value::Array(row) }).collect())
        }
        Err(Failure::Mendable(_)) => Ok(Vec::new()),
        Err(broken) => Err(broken),
    }
}
