//! Deterministic facts about a table, from the snapshot and the survey of the data: what an expert need not ask for.

use serde::Serialize;
use serde_json::{Value, json};

use super::asking::{self, MayAsk};
use crate::claims::text::cut;
use crate::domain::{Snapshot, Table, TableKind};
use crate::evidence::glance::Glance;
use crate::evidence::infer::{InferredPolymorphic, InferredReference};
use crate::evidence::landscape::{Domain, Place};
use crate::evidence::ways::{self, Way};
use crate::tools::survey::Survey;

/// Columns of one table that are told; the rest is counted.
const MOST_COLUMNS: usize = 120;
const MOST_REFERENCES: usize = 60;
const MOST_TABLES: usize = 100;
/// Of one table, where the whole schema is told.
const MOST_TARGETS: usize = 12;
/// Bytes of a comment, and of a default.
const COMMENT: usize = 400;
const DEFAULT: usize = 120;

#[derive(Serialize)]
struct TableFacts<'a> {
    engine: &'a str,
    table: String,
    kind: TableKind,
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    primary_key: &'a [String],
    /// The columns that the data shows to identify a row, where no key is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    inferred_key: Option<&'a [String]>,
    columns: Vec<ColumnFacts<'a>>,
    column_count: usize,
    /// The part that it plays, why, what a row of it is called, and whose copy it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
    /// The tables that belong together around this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<DomainFacts<'a>>,
    references: Vec<ReferenceFacts>,
    referenced_by: Vec<ReferenceFacts>,
    /// References to one table or another, by a name beside the key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    polymorphic: Vec<PolymorphicFacts<'a>>,
    /// To what its rows belong by name, over joins that count no row twice.
    ways: Vec<Way>,
    /// Whether it is for this table to ask about references, codes or second entries; few do, so that a person is not asked much.
    may_ask: MayAsk,
    unique: Vec<&'a [String]>,
    indexed: Vec<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
}

#[derive(Serialize)]
struct ColumnFacts<'a> {
    name: &'a str,
    r#type: &'a str,
    declared: &'a str,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    /// What was seen of its values; absent where they were not read.
    #[serde(flatten)]
    glance: Option<&'a Glance>,
}

/// A reference, declared or told by the data; `key` is the relationship's key in the catalog.
#[derive(Serialize)]
struct ReferenceFacts {
    key: String,
    columns: Vec<String>,
    table: String,
    to_columns: Vec<String>,
    declared: bool,
    confidence: f64,
    /// What speaks for and against it, where it is not declared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signals: Vec<String>,
    /// Other tables for which nearly as much speaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rivals: Vec<Rival>,
    /// They are so near, and names say so little, that only a person can tell.
    contested: bool,
}

#[derive(Serialize)]
struct PolymorphicFacts<'a> {
    /// The one that names the table, and the one that refers.
    columns: [&'a str; 2],
    tables: Vec<String>,
    confidence: f64,
    signals: Vec<&'a str>,
}

#[derive(Serialize)]
struct DomainFacts<'a> {
    title: &'a str,
    tables: Vec<&'a str>,
    table_count: usize,
}

#[derive(Serialize)]
struct Rival {
    table: String,
    columns: Vec<String>,
    confidence: f64,
}

/// What metadata and data say about the task's table, or about the schema where the task has none.
pub fn of(snapshot: &Snapshot, survey: &Survey, schema: &str, table: Option<&str>) -> Value {
    match table {
        Some(name) => match snapshot.table(schema, name) {
            Some(table) => table_facts(snapshot, survey, table),
            None => json!({ "problem": format!("there is no table `{schema}.{name}`") }),
        },
        None => schema_facts(snapshot, survey, schema),
    }
}

const MOST_SIGNALS: usize = 4;
const MOST_TABLES_OF_DOMAIN: usize = 60;

/// Tables that a survey says nothing of, such as views, have what is declared of them, which is nothing.
fn reference_facts(survey: &Survey, reference: &InferredReference, table: String) -> ReferenceFacts {
    let mut strongest: Vec<_> = reference.signals.iter().filter(|_| !reference.declared).collect();
    strongest.sort_by(|left, right| right.weight.abs().total_cmp(&left.weight.abs()));
    ReferenceFacts {
        key: reference.key(),
        columns: reference.child_columns.clone(),
        table,
        to_columns: reference.parent_columns.clone(),
        declared: reference.declared,
        confidence: if reference.declared { 1.0 } else { reference.confidence },
        signals: strongest.into_iter().take(MOST_SIGNALS).map(|signal| signal.says.clone()).collect(),
        rivals: asking::rivals(survey, reference)
            .map(|rival| Rival {
                table: format!("{}.{}", rival.parent_schema, rival.parent_table),
                columns: rival.parent_columns.clone(),
                confidence: rival.confidence,
            })
            .collect(),
        contested: asking::is_contested(survey, reference),
    }
}

fn table_facts(snapshot: &Snapshot, survey: &Survey, table: &Table) -> Value {
    let name = table.full_name();
    let read = survey.tables.iter().find(|read| read.table == name);
    let columns = table.columns.iter().enumerate().take(MOST_COLUMNS).map(|(at, column)| ColumnFacts {
        name: &column.name,
        r#type: &column.r#type,
        declared: &column.declared_type,
        nullable: column.nullable,
        default: column.default.as_deref().map(|text| cut(text, DEFAULT)),
        comment: column.comment.as_deref().map(|text| cut(text, COMMENT)),
        glance: read.and_then(|read| read.glances.get(at)),
    });
    let references = survey
        .references()
        .filter(|reference| reference.child_schema == table.schema && reference.child_table == table.name)
        .take(MOST_REFERENCES)
        .map(|reference| reference_facts(survey, reference, format!("{}.{}", reference.parent_schema, reference.parent_table)));
    let referenced_by = survey
        .references()
        .filter(|reference| reference.parent_schema == table.schema && reference.parent_table == table.name)
        .take(MOST_REFERENCES)
        .map(|reference| reference_facts(survey, reference, format!("{}.{}", reference.child_schema, reference.child_table)));
    let indexes = |unique: bool| table.indexes.iter().filter(move |index| index.unique == unique).map(|index| index.columns.as_slice());
    let ways = ways::from(&name, &ways::outgoing(survey.references()), &survey.landscape);
    let facts = TableFacts {
        engine: &snapshot.engine,
        table: table.full_name(),
        kind: table.kind,
        rows: table.row_count,
        comment: table.comment.as_deref().map(|text| cut(text, COMMENT)),
        primary_key: &table.primary_key,
        inferred_key: survey.key_of(table).filter(|_| table.primary_key.is_empty()).map(|key| key.columns.as_slice()),
        columns: columns.collect(),
        column_count: table.columns.len(),
        place: survey.landscape.place(&name),
        domain: survey.landscape.domain_around(&name).map(domain_facts),
        references: references.collect(),
        referenced_by: referenced_by.collect(),
        polymorphic: survey.polymorphic_of(table).map(polymorphic_facts).collect(),
        ways,
        may_ask: asking::of(snapshot, survey, table),
        unique: indexes(true).collect(),
        indexed: indexes(false).collect(),
        definition: table.definition.as_deref().filter(|_| table.kind.is_derived()).map(|text| cut(text, 4_000)),
    };
    serde_json::to_value(facts).expect("facts are plain data and always serialise")
}

fn polymorphic_facts(pair: &InferredPolymorphic) -> PolymorphicFacts<'_> {
    let mut tables: Vec<String> = pair.targets.iter().map(|target| format!("{}.{}", target.parent_schema, target.parent_table)).collect();
    tables.sort_unstable();
    tables.dedup();
    let mut strongest: Vec<_> = pair.signals.iter().collect();
    strongest.sort_by(|left, right| right.weight.abs().total_cmp(&left.weight.abs()));
    PolymorphicFacts {
        columns: [&pair.type_column, &pair.id_column],
        tables,
        confidence: pair.confidence,
        signals: strongest.into_iter().take(MOST_SIGNALS).map(|signal| signal.says.as_str()).collect(),
    }
}

fn domain_facts(domain: &Domain) -> DomainFacts<'_> {
    let tables = domain.tables.iter().take(MOST_TABLES_OF_DOMAIN).map(String::as_str).collect();
    DomainFacts { title: &domain.title, tables, table_count: domain.tables.len() }
}

fn schema_facts(snapshot: &Snapshot, survey: &Survey, schema: &str) -> Value {
    let tables: Vec<Value> = snapshot
        .tables_of(schema)
        .take(MOST_TABLES)
        .map(|table| {
            let own = survey.references().filter(|reference| reference.child_schema == table.schema && reference.child_table == table.name);
            let references: Vec<String> = own.take(MOST_TARGETS).map(|reference| format!("{}.{}", reference.parent_schema, reference.parent_table)).collect();
            json!({ "name": table.name, "kind": table.kind, "rows": table.row_count, "columns": table.columns.len(), "references": references })
        })
        .collect();
    json!({ "engine": snapshot.engine, "schema": schema, "tables": tables, "table_count": snapshot.tables_of(schema).count() })
}
