//! A table as a remote server describes it, read into our own words.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::{self, member, number, text_of, truth};
use crate::domain::{Check, Column, ForeignKey, Index, Table, TableKind, Trigger};
use crate::source::{Dialect, mysql, sqlite};

const NORMALISED: [&str; 15] = [
    "integer",
    "decimal",
    "float",
    "text",
    "boolean",
    "date",
    "time",
    "timestamp",
    "interval",
    "blob",
    "json",
    "uuid",
    "enum",
    "array",
    "other",
];

/// The word of a list of tables.
pub fn kind(item: &Value) -> TableKind {
    let word = text_of(item, &["kind", "type", "table_type"]).unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        word if word.contains("materialized") => TableKind::MaterializedView,
        word if word.contains("view") => TableKind::View,
        word if word.contains("partitioned") => TableKind::PartitionedTable,
        word if word.contains("foreign") => TableKind::ForeignTable,
        _ => TableKind::Table,
    }
}

pub fn row_count(item: &Value) -> (Option<u64>, bool) {
    match number(item, &["rows", "row_count"]) {
        Some(rows) => (Some(rows), member(item, &["rows_estimated"]).and_then(truth) == Some(true)),
        None => (number(item, &["rows_estimate", "row_estimate", "table_rows"]), true),
    }
}

/// Adds what `describe_table` answers; false where it tells no column.
pub fn describe(table: &mut Table, answer: &Value, dialect: Dialect) -> bool {
    let columns = columns(answer, dialect);
    if columns.is_empty() {
        return false;
    }
    table.columns = columns;
    if member(answer, &["kind"]).is_some() {
        table.kind = kind(answer);
    }
    if let (Some(rows), estimated) = row_count(answer) {
        (table.row_count, table.row_count_estimated) = (Some(rows), estimated);
    }
    table.bytes = number(answer, &["bytes", "size_bytes"]).or(table.bytes);
    table.definition = text_of(answer, &["definition", "view_definition"]);
    table.comment = text_of(answer, &["comment"]).filter(|text| !text.is_empty());
    table.owner = text_of(answer, &["owner"]);
    table.partition_of = text_of(answer, &["partition_of"]);
    table.partitioning = text_of(answer, &["partitioning"]);
    table.reads = member(answer, &["reads"]).map(answers::names).unwrap_or_default();
    table.checks = ours::<Check>(answer, "checks");
    table.triggers = ours::<Trigger>(answer, "triggers");
    constrain(table, answer);
    true
}

/// Adds keys, from `describe_table` or `get_constraints`; false where none are told.
pub fn constrain(table: &mut Table, answer: &Value) -> bool {
    let told = ["primary_key", "foreign_keys", "unique", "indexes"].iter().any(|name| answer.get(*name).is_some());
    if let Some(key) = member(answer, &["primary_key"]).map(answers::names).filter(|key| !key.is_empty()) {
        table.primary_key = key;
    }
    for key in answer.get("foreign_keys").and_then(Value::as_array).into_iter().flatten() {
        let key = foreign_key(key, &table.schema);
        if let Some(key) = key.filter(|key| !table.foreign_keys.contains(key)) {
            table.foreign_keys.push(key);
        }
    }
    for index in answer.get("indexes").and_then(Value::as_array).into_iter().flatten() {
        let index = index_of(index);
        if let Some(index) = index.filter(|index| table.indexes.iter().all(|known| known.name != index.name)) {
            table.indexes.push(index);
        }
    }
    for unique in answer.get("unique").and_then(Value::as_array).into_iter().flatten() {
        let columns = answers::names(unique);
        let is_known = columns.is_empty() || table.indexes.iter().any(|index| index.unique && index.columns == columns);
        if !is_known {
            table.indexes.push(Index { name: format!("unique_{}", columns.join("_")), unique: true, columns, ..Index::default() });
        }
    }
    told
}

/// The type as every engine would say it.
pub fn normalised(declared: &str, dialect: Dialect) -> String {
    let lower = declared.to_ascii_lowercase();
    let word = match dialect {
        Dialect::Mysql => mysql::types::normalised(declared),
        Dialect::Sqlite => sqlite::types::normalised(declared),
        Dialect::Postgresql => match lower.as_str() {
            array if array.ends_with("[]") || array == "array" => "array",
            "uuid" => "uuid",
            "interval" => "interval",
            time if time.starts_with("time ") || time == "time" || time.starts_with("time(") => "time",
            "user-defined" => "enum",
            "\"char\"" | "name" => "text",
            _ => sqlite::types::normalised(declared),
        },
    };
    word.to_owned()
}

fn columns(answer: &Value, dialect: Dialect) -> Vec<Column> {
    // A number of columns says only how long a row is: the rows are those of MySQL's `describe`.
    let list = match answer.get("columns") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(Value::Number(_)) => answers::items(answer, &["rows"]),
        _ => answers::items(answer, &["fields"]),
    };
    let found = list.iter().enumerate().filter_map(|(at, item)| column(item, at, dialect));
    found.collect()
}

fn column(item: &Value, at: usize, dialect: Dialect) -> Option<Column> {
    let position = u32::try_from(at + 1).ok()?;
    if let Value::Array(row) = item {
        let text = |place: usize| row.get(place).and_then(answers::text).filter(|text| !text.is_empty());
        let declared = text(1).unwrap_or_default();
        return Some(Column {
            name: text(0)?,
            position,
            r#type: normalised(&declared, dialect),
            declared_type: declared,
            nullable: row.get(2).and_then(truth).unwrap_or(true),
            default: text(4),
            ..Column::default()
        });
    }
    let name = answers::name(item, &["name", "column_name", "column", "field", "Field"])?;
    let word = text_of(item, &["type", "data_type", "Type"]).unwrap_or_default();
    let declared = text_of(item, &["declared_type", "column_type"]).unwrap_or_else(|| word.clone());
    let told = answers::member(item, &["declared_type"]).is_some() && NORMALISED.contains(&word.as_str());
    let says = |names: &[&str]| member(item, names).and_then(truth) == Some(true);
    Some(Column {
        name,
        position,
        r#type: if told { word } else { normalised(&declared, dialect) },
        declared_type: declared,
        nullable: member(item, &["nullable", "is_nullable", "null", "Null"]).and_then(truth).unwrap_or(true),
        default: text_of(item, &["default", "column_default", "Default"]),
        generated: says(&["generated"]),
        expression: text_of(item, &["expression"]),
        identity: says(&["identity"]),
        collation: text_of(item, &["collation"]),
        enum_values: member(item, &["enum_values"]).map(answers::names).unwrap_or_default(),
        masked: says(&["masked"]),
        comment: text_of(item, &["comment", "column_comment"]).filter(|text| !text.is_empty()),
        ..Column::default()
    })
}

fn foreign_key(value: &Value, schema: &str) -> Option<ForeignKey> {
    let columns = answers::names(member(value, &["columns", "column", "column_name"])?);
    let to_table = text_of(value, &["to_table", "ref_table", "referenced_table", "referenced_table_name", "foreign_table"])?;
    let to_columns =
        member(value, &["to_columns", "ref_columns", "referenced_columns", "ref_column", "referenced_column", "referenced_column_name"]);
    let to_columns = to_columns.map(answers::names).unwrap_or_default();
    let to_schema = text_of(value, &["to_schema", "ref_schema", "referenced_schema", "referenced_table_schema"]);
    (!columns.is_empty() && columns.len() == to_columns.len()).then(|| ForeignKey {
        name: text_of(value, &["name", "constraint_name"]),
        columns,
        to_schema: to_schema.unwrap_or_else(|| schema.to_owned()),
        to_table,
        to_columns,
        on_update: text_of(value, &["on_update"]),
        on_delete: text_of(value, &["on_delete"]),
    })
}

fn index_of(value: &Value) -> Option<Index> {
    let columns = answers::names(member(value, &["columns", "column"])?);
    let unique = match member(value, &["unique", "is_unique"]).and_then(truth) {
        Some(unique) => unique,
        None => member(value, &["non_unique"]).and_then(truth) == Some(false),
    };
    Some(Index {
        name: text_of(value, &["name", "index_name", "key_name"])?,
        unique,
        columns,
        options: member(value, &["options"]).map(answers::names).unwrap_or_default(),
        predicate: text_of(value, &["predicate"]),
        method: text_of(value, &["method"]),
    })
}

/// Items in our own words; what is not is left out.
fn ours<T: DeserializeOwned>(answer: &Value, name: &str) -> Vec<T> {
    let items = answer.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| T::deserialize(item).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(answer: &Value) -> Table {
        let mut table = Table { schema: "shop".to_owned(), name: "t".to_owned(), ..Table::default() };
        assert!(describe(&mut table, answer, Dialect::Mysql), "{answer}");
        table
    }

    #[test]
    fn columns_are_read_in_every_shape() {
        for answer in [
            json!({"columns": [{"name": "id", "type": "int", "nullable": false}, {"name": "at", "type": "datetime", "nullable": true}]}),
            json!({"columns": [{"column_name": "id", "data_type": "int", "is_nullable": "NO"}, {"column_name": "at", "data_type": "datetime", "is_nullable": "YES"}]}),
            json!({"columns": 6, "rows": [["id", "int", "NO", "PRI", "", ""], ["at", "datetime", "YES", "", "", ""]]}),
            json!({"columns": [{"name": "id", "type": "integer", "declared_type": "int", "nullable": false},
                               {"name": "at", "type": "timestamp", "declared_type": "datetime", "nullable": true}]}),
        ] {
            let columns: Vec<_> = described(&answer)
                .columns
                .into_iter()
                .map(|column| (column.name, column.r#type, column.nullable, column.position))
                .collect();
            let expected = [("id", "integer", false, 1), ("at", "timestamp", true, 2)]
                .map(|(name, kind, nullable, position)| (name.to_owned(), kind.to_owned(), nullable, position));
            assert_eq!(columns, expected, "{answer}");
        }
        let mut table = Table::default();
        assert!(!describe(&mut table, &json!({"columns": 5}), Dialect::Mysql), "a number alone tells no column");
    }

    #[test]
    fn keys_are_read_in_every_shape_and_once() {
        for answer in [
            json!({"primary_key": ["id"], "foreign_keys": [{"columns": ["c"], "ref_table": "u", "ref_columns": ["id"]}], "unique": [["at"]]}),
            json!({"primary_key": {"columns": ["id"]}, "foreign_keys": [{"column": "c", "referenced_table": "u", "referenced_column": "id"}],
                   "indexes": [{"name": "x", "unique": true, "columns": ["at"]}]}),
        ] {
            let mut table = Table { schema: "shop".to_owned(), ..Table::default() };
            assert!(constrain(&mut table, &answer) && constrain(&mut table, &answer));
            assert_eq!(table.primary_key, ["id"]);
            assert_eq!(table.foreign_keys.len(), 1, "{answer}");
            let key = &table.foreign_keys[0];
            assert_eq!((key.to_schema.as_str(), key.to_table.as_str(), key.to_columns.as_slice()), ("shop", "u", &["id".to_owned()][..]));
            assert_eq!(table.indexes.len(), 1);
            assert!(table.indexes[0].unique);
        }
    }

    #[test]
    fn types_of_postgresql_are_known_by_their_names() {
        for (declared, expected) in [
            ("character varying", "text"),
            ("timestamp without time zone", "timestamp"),
            ("time without time zone", "time"),
            ("double precision", "float"),
            ("bigint", "integer"),
            ("numeric", "decimal"),
            ("uuid", "uuid"),
            ("text[]", "array"),
            ("bytea", "blob"),
        ] {
            assert_eq!(normalised(declared, Dialect::Postgresql), expected, "{declared}");
        }
    }
}
