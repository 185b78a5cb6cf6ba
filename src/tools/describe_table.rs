//! `describe_table`: everything the harvest knows of one table or view.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::domain::{Column, Table};

pub struct DescribeTable;

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
}

#[async_trait]
impl Tool for DescribeTable {
    fn spec(&self) -> Spec {
        Spec {
            name: "describe_table",
            description: "Describes one table or view: columns with types, nullability and defaults, primary key, foreign keys, indexes, row count, and for a view its definition. Reads no rows.",
            args: schema::object(json!({"schema": schema::schema_name(), "table": schema::table_name()}), &["table"]),
            output: described_schema(),
            example: json!({"schema": "main", "table": "orders"}),
            effect: Effect::Read,
            aliases: &["table.describe", "describe_view"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        Ok(described(table))
    }
}

/// What [`described`] answers.
pub fn described_schema() -> Value {
    schema::result(json!({
        "schema": {"type": "string"}, "table": {"type": "string"}, "kind": {"type": "string"}, "rows": {"type": ["integer", "null"]},
        "rows_estimated": {"type": "boolean"}, "columns": schema::list(column_schema()), "primary_key": schema::names(),
        "foreign_keys": schema::list(schema::foreign_key()), "indexes": schema::list(index_schema()),
        "definition": {"type": "string"}, "comment": {"type": "string"}, "owner": {"type": "string"},
        "partition_of": {"type": "string"}, "partitioning": {"type": "string"}, "reads": schema::names(),
        "checks": schema::list(schema::check()),
        "triggers": schema::list(schema::result(json!({
            "name": {"type": "string"}, "when": {"type": "string"}, "definition": {"type": "string"}
        })))
    }))
}

pub fn column_schema() -> Value {
    schema::result(json!({
        "name": {"type": "string"}, "type": {"type": "string"}, "declared_type": {"type": "string"}, "nullable": {"type": "boolean"},
        "default": {"type": "string"}, "generated": {"type": "boolean"}, "identity": {"type": "boolean"}, "expression": {"type": "string"},
        "collation": {"type": "string"}, "comment": {"type": "string"}, "enum_values": schema::names(), "masked": {"type": "boolean"}
    }))
}

fn index_schema() -> Value {
    schema::result(json!({
        "name": {"type": "string"}, "unique": {"type": "boolean"}, "columns": schema::names(), "options": schema::names(),
        "predicate": {"type": "string"}, "method": {"type": "string"}
    }))
}

/// A table or view as the harvest knows it.
pub fn described(table: &Table) -> Value {
    let mut answer = json!({
        "schema": table.schema,
        "table": table.name,
        "kind": table.kind,
        "rows": table.row_count,
        "columns": table.columns.iter().map(column_line).collect::<Vec<_>>(),
        "primary_key": table.primary_key,
        "foreign_keys": table.foreign_keys,
        "indexes": table.indexes,
    });
    if let Value::Object(members) = &mut answer {
        let texts = [
            ("definition", &table.definition),
            ("comment", &table.comment),
            ("owner", &table.owner),
            ("partition_of", &table.partition_of),
            ("partitioning", &table.partitioning),
        ];
        members.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.as_deref()?)))));
        let lists = [("checks", json!(table.checks)), ("triggers", json!(table.triggers)), ("reads", json!(table.reads))];
        members.extend(lists.into_iter().filter(|(_, list)| *list != json!([])).map(|(name, list)| (name.to_owned(), list)));
        if table.row_count_estimated {
            members.insert("rows_estimated".to_owned(), Value::from(true));
        }
        if let Some(bytes) = table.bytes {
            members.insert("bytes".to_owned(), Value::from(bytes));
        }
    }
    answer
}

/// What is usual is left out: a column is not generated and has no default unless it says so.
pub fn column_line(column: &Column) -> Value {
    let mut line = Map::new();
    line.insert("name".to_owned(), Value::from(column.name.as_str()));
    line.insert("type".to_owned(), Value::from(column.r#type.as_str()));
    line.insert("declared_type".to_owned(), Value::from(column.declared_type.as_str()));
    line.insert("nullable".to_owned(), Value::from(column.nullable));
    if let Some(default) = &column.default {
        line.insert("default".to_owned(), Value::from(default.as_str()));
    }
    for (name, so) in [("generated", column.generated), ("identity", column.identity), ("masked", column.masked)] {
        if so {
            line.insert(name.to_owned(), Value::from(true));
        }
    }
    for (name, text) in [("expression", &column.expression), ("collation", &column.collation), ("comment", &column.comment)] {
        if let Some(text) = text {
            line.insert(name.to_owned(), Value::from(text.as_str()));
        }
    }
    if !column.enum_values.is_empty() {
        line.insert("enum_values".to_owned(), json!(column.enum_values));
    }
    Value::Object(line)
}
