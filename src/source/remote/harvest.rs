//! A harvest through a remote server's tools; what these do not tell is read from the database's own catalog by SQL.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use super::RemoteSource;
use super::answers;
use super::line::Line;
use super::peer::PeerError;
use super::shapes;
use crate::domain::{Column, ForeignKey, Snapshot, Table, TableKind};
use crate::source::{Dialect, Error, Progress};

const LIST_SCHEMAS: [&str; 2] = ["list_schemas", "schemas.list"];
const LIST_TABLES: [&str; 2] = ["list_tables", "tables.list"];
const DESCRIBE: [&str; 2] = ["describe_table", "table.describe"];
const CONSTRAINTS: [&str; 2] = ["get_constraints", "table.constraints"];
/// What a database keeps about itself.
const OF_THE_SERVER: [&str; 7] = ["information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys", "sqlite_schema"];

/// What came of asking for one table.
struct Described {
    table: Table,
    is_told: bool,
    remark: Option<String>,
}

pub async fn harvest(source: &RemoteSource, progress: &Progress) -> Result<Snapshot, Error> {
    let mut found = Snapshot { source: source.key.clone(), engine: source.dialect.name().to_owned(), ..Snapshot::default() };
    found.engine_version.clone_from(&source.version);
    found.schemas = schemas(source).await?;
    progress.tell("schemas", found.schemas.len());
    let mut listed = Vec::new();
    for schema in &found.schemas {
        match source.line.list(&LIST_TABLES, &json!({"schema": schema}), &["tables"]).await {
            Ok(items) => listed.extend(items.iter().filter_map(|item| table(schema, item))),
            Err(error @ (PeerError::TimedOut | PeerError::Unavailable(_) | PeerError::NoSuchTool(_))) => return Err(source.failed(error)),
            Err(PeerError::Refused(why)) => found.unread.push(format!("the tables of `{schema}`: {why}")),
        }
    }
    progress.tell("tables", listed.len());
    let mut part = progress.part("tables described");
    let describing = listed.into_iter().map(|table| described(source, table));
    let mut describing = futures::stream::iter(describing).buffer_unordered(source.at_once);
    let mut untold = Vec::new();
    while let Some(described) = describing.try_next().await? {
        part.more(1);
        found.unread.extend(described.remark);
        match described.is_told {
            true => found.tables.push(described.table),
            false => untold.push(described.table),
        }
    }
    drop(describing);
    part.whole();
    if !untold.is_empty() {
        by_sql(source, &mut found, untold).await?;
    }
    found.tables.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
    found.unread.sort();
    found.unread.dedup();
    Ok(found.named())
}

async fn schemas(source: &RemoteSource) -> Result<Vec<String>, Error> {
    let items = source.line.list(&LIST_SCHEMAS, &json!({}), &["schemas"]).await.map_err(|error| source.failed(error))?;
    let names = items.iter().filter_map(|item| answers::name(item, &["name", "schema", "schema_name"]));
    let mut names: Vec<String> = names.filter(|name| !OF_THE_SERVER.contains(&name.to_ascii_lowercase().as_str())).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn table(schema: &str, item: &Value) -> Option<Table> {
    let name = answers::name(item, &["name", "table", "table_name"])?;
    let (row_count, row_count_estimated) = shapes::row_count(item);
    let kind = shapes::kind(item);
    Some(Table { schema: schema.to_owned(), name, kind, row_count, row_count_estimated, ..Table::default() })
}

async fn described(source: &RemoteSource, mut table: Table) -> Result<Described, Error> {
    let line: &Line = &source.line;
    let args = json!({"schema": table.schema, "table": table.name});
    let name = table.full_name();
    let answer = match line.has(&DESCRIBE) {
        true => line.call(&DESCRIBE, args.clone()).await,
        false => Err(PeerError::NoSuchTool(DESCRIBE[0].to_owned())),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(PeerError::NoSuchTool(_)) => return Ok(Described { table, is_told: false, remark: None }),
        Err(PeerError::Refused(why)) => {
            return Ok(Described { remark: Some(format!("`{name}` is not described: {why}")), table, is_told: false });
        }
        Err(error) => return Err(source.failed(error)),
    };
    let mut remark =
        answers::is_cut(&answer).then(|| format!("the server has cut its description of `{name}`; columns or keys may be missing"));
    let is_told = shapes::describe(&mut table, &answer, source.dialect);
    let tells_keys = ["primary_key", "foreign_keys"].iter().all(|member| answer.get(*member).is_some());
    if is_told && !tells_keys && !table.kind.is_derived() && line.has(&CONSTRAINTS) {
        match line.call(&CONSTRAINTS, args).await {
            Ok(answer) => {
                let of_table = answers::items(&answer, &["tables"]).first().filter(|_| answer.get("tables").is_some());
                shapes::constrain(&mut table, of_table.unwrap_or(&answer));
            }
            Err(PeerError::NoSuchTool(_)) => {}
            Err(PeerError::Refused(why)) => remark = Some(format!("the keys of `{name}` are not told: {why}")),
            Err(error) => return Err(source.failed(error)),
        }
    }
    Ok(Described { table, is_told, remark })
}

/// Columns and keys of tables that no tool describes, from the catalog that MySQL and PostgreSQL have; one query each a schema.
async fn by_sql(source: &RemoteSource, found: &mut Snapshot, untold: Vec<Table>) -> Result<(), Error> {
    let mut by_schema: BTreeMap<String, BTreeMap<String, Table>> = BTreeMap::new();
    for table in untold {
        by_schema.entry(table.schema.clone()).or_default().insert(table.name.clone(), table);
    }
    for (schema, mut tables) in by_schema {
        if source.dialect == Dialect::Sqlite {
            found.unread.extend(tables.keys().map(|name| format!("the server tells no columns of `{schema}.{name}`")));
            continue;
        }
        for row in source.texts(&columns_sql(source.dialect, &schema)).await? {
            let [name, column, declared, nullable, default, kind] = row.as_slice() else { continue };
            let Some(table) = name.as_ref().and_then(|name| tables.get_mut(name)) else { continue };
            let declared = declared.clone().unwrap_or_default();
            table.kind =
                if kind.as_deref().is_some_and(|kind| kind.to_lowercase().contains("view")) { TableKind::View } else { table.kind };
            table.columns.push(Column {
                name: column.clone().unwrap_or_default(),
                position: table.columns.len() as u32 + 1,
                r#type: shapes::normalised(&declared, source.dialect),
                declared_type: declared,
                nullable: nullable.as_deref() != Some("NO"),
                default: default.clone().filter(|text| !text.is_empty()),
                ..Column::default()
            });
        }
        for row in source.texts(&keys_sql(source.dialect, &schema)).await? {
            let [name, column, kind, constraint, to_schema, to_table, to_column] = row.as_slice() else { continue };
            let Some(table) = name.as_ref().and_then(|name| tables.get_mut(name)) else { continue };
            let Some(column) = column.clone() else { continue };
            let is_key = kind.as_deref() == Some("PRIMARY KEY");
            if is_key && !table.primary_key.contains(&column) {
                table.primary_key.push(column);
            } else if let (Some("FOREIGN KEY"), Some(to_table), Some(to_column)) = (kind.as_deref(), to_table, to_column) {
                refer(table, constraint.clone(), column, (to_schema.clone().unwrap_or_else(|| schema.clone()), to_table, to_column));
            }
        }
        let (told, empty): (Vec<Table>, Vec<Table>) = tables.into_values().partition(|table| !table.columns.is_empty());
        found.unread.extend(empty.iter().map(|table| format!("the server tells no columns of `{}`", table.full_name())));
        found.tables.extend(told);
    }
    Ok(())
}

fn refer(table: &mut Table, name: Option<String>, column: String, (to_schema, to_table, to_column): (String, &str, &str)) {
    match table.foreign_keys.iter_mut().find(|key| key.name == name) {
        Some(key) => {
            key.columns.push(column);
            key.to_columns.push(to_column.to_owned());
        }
        None => table.foreign_keys.push(ForeignKey {
            name,
            columns: vec![column],
            to_schema,
            to_table: to_table.to_owned(),
            to_columns: vec![to_column.to_owned()],
            ..ForeignKey::default()
        }),
    }
}

fn columns_sql(dialect: Dialect, schema: &str) -> String {
    let declared = if dialect == Dialect::Mysql { "c.column_type" } else { "c.data_type" };
    format!(
        "select c.table_name as table_name, c.column_name as column_name, {declared} as declared, c.is_nullable as is_nullable, \
         c.column_default as column_default, t.table_type as table_type \
         from information_schema.columns c join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name \
         where c.table_schema = '{}' order by c.table_name, c.ordinal_position",
        schema.replace('\'', "''")
    )
}

fn keys_sql(dialect: Dialect, schema: &str) -> String {
    let schema = schema.replace('\'', "''");
    let same = "k.constraint_schema = c.constraint_schema and k.constraint_name = c.constraint_name and k.table_name = c.table_name";
    match dialect {
        Dialect::Mysql => format!(
            "select c.table_name as table_name, k.column_name as column_name, c.constraint_type as constraint_type, c.constraint_name as \
             constraint_name, k.referenced_table_schema as to_schema, k.referenced_table_name as to_table, k.referenced_column_name as to_column \
             from information_schema.table_constraints c join information_schema.key_column_usage k on {same} \
             where c.table_schema = '{schema}' order by c.table_name, c.constraint_name, k.ordinal_position"
        ),
        Dialect::Postgresql | Dialect::Sqlite => format!(
            "select c.table_name as table_name, k.column_name as column_name, c.constraint_type as constraint_type, c.constraint_name as \
             constraint_name, u.table_schema as to_schema, u.table_name as to_table, u.column_name as to_column \
             from information_schema.table_constraints c join information_schema.key_column_usage k on {same} \
             left join information_schema.referential_constraints r on r.constraint_schema = c.constraint_schema and r.constraint_name = c.constraint_name \
             left join information_schema.key_column_usage u on u.constraint_schema = r.unique_constraint_schema \
             and u.constraint_name = r.unique_constraint_name and u.ordinal_position = k.position_in_unique_constraint \
             where c.table_schema = '{schema}' order by c.table_name, c.constraint_name, k.ordinal_position"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::guard;

    #[test]
    fn what_is_asked_of_the_catalog_passes_the_guard() {
        for dialect in [Dialect::Mysql, Dialect::Postgresql] {
            for sql in [columns_sql(dialect, "it's"), keys_sql(dialect, "it's")] {
                guard::check(dialect, &sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
            }
        }
    }
}
