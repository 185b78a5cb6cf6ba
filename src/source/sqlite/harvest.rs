//! Reads a SQLite file's own metadata in one transaction and with a constant number of queries, however many tables there are.
//!
//! Left out: SQLite's own tables, the shadow tables of virtual ones, and the hidden columns of virtual tables, which are arguments.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::confine::{Permission, permit};
use super::counts::count_rows;
use super::definitions::{self, Defined};
use super::session::{Session, words};
use super::types::normalised;
use crate::domain::{Column, ForeignKey, Index, Snapshot, SourceKey, Table, TableKind};
use crate::source::{Error, Progress, Settings};

/// The one schema of a SQLite file.
pub const SCHEMA: &str = "main";

type ObjectRow = (String, String, Option<String>);
type ColumnRow = (String, i64, String, Option<String>, i64, Option<String>, i64, i64);
type ReferenceRow = (String, i64, String, String, Option<String>, String, String);
type IndexRow = (String, String, i64, i64, Option<String>, i64, Option<String>);
type TriggerRow = (String, String, String);

pub async fn harvest(session: &mut Session, key: &SourceKey, settings: &Settings, progress: &Progress) -> Result<Snapshot, Error> {
    let time = Duration::from_millis(settings.harvest_time_ms);
    let started = Instant::now();
    session.clock.allow(time);
    let failed = |error: sqlx::Error| match started.elapsed() >= time {
        true => Error::TimedOut(time),
        false => Error::Unavailable(words(&error)),
    };
    permit(&mut session.connection, Permission::Harvest).await.map_err(failed)?;
    sqlx::query("begin").execute(&mut session.connection).await.map_err(failed)?;
    let tables = read_all(session, settings, started + time, progress).await.map_err(failed);
    session.clock.allow(Duration::from_secs(1));
    // Nothing was written, so how the transaction ends says nothing about what was read.
    let ended = sqlx::query("rollback").execute(&mut session.connection).await;
    permit(&mut session.connection, Permission::Read).await.map_err(failed)?;
    ended.map_err(failed)?;
    Ok(Snapshot {
        source: key.clone(),
        engine: "sqlite".to_owned(),
        schemas: vec![SCHEMA.to_owned()],
        tables: tables?,
        ..Snapshot::default()
    }
    .named())
}

async fn read_all(session: &mut Session, settings: &Settings, end: Instant, progress: &Progress) -> Result<Vec<Table>, sqlx::Error> {
    let connection = &mut session.connection;
    let objects: Vec<ObjectRow> = sqlx::query_as(include_str!("sql/objects.sql")).fetch_all(&mut *connection).await?;
    progress.tell("tables", objects.len());
    let columns: Vec<ColumnRow> = sqlx::query_as(include_str!("sql/columns.sql")).fetch_all(&mut *connection).await?;
    progress.tell("columns", columns.len());
    let references: Vec<ReferenceRow> = sqlx::query_as(include_str!("sql/references.sql")).fetch_all(&mut *connection).await?;
    progress.tell("references", references.len());
    let indexes: Vec<IndexRow> = sqlx::query_as(include_str!("sql/indexes.sql")).fetch_all(&mut *connection).await?;

    progress.tell("indexes", indexes.len());
    let triggers: Vec<TriggerRow> = sqlx::query_as(include_str!("sql/triggers.sql")).fetch_all(&mut *connection).await?;
    progress.tell("triggers", triggers.len());

    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let (mut derived, mut defined) = (Vec::new(), Vec::new());
    for (name, kind, sql) in objects {
        if kind != "table" {
            derived.push(name.clone());
        } else if let Some(sql) = &sql {
            defined.push((name.clone(), definitions::of_table(sql)));
        }
        let is_view = kind == "view";
        let table = Table {
            schema: SCHEMA.to_owned(),
            name: name.clone(),
            kind: if is_view { TableKind::View } else { TableKind::Table },
            definition: if kind == "table" { None } else { sql },
            ..Table::default()
        };
        tables.insert(name, table);
    }
    fill_columns(&mut tables, columns);
    if !derived.is_empty() {
        let (columns, unreadable) = columns_of_derived(connection, &derived).await?;
        fill_columns(&mut tables, columns);
        for (name, why) in unreadable {
            if let Some(table) = tables.get_mut(&name) {
                table.comment = Some(format!("cannot be read: {why}"));
            }
        }
    }
    fill_references(&mut tables, references);
    fill_indexes(&mut tables, indexes);
    for (table_name, name, sql) in triggers {
        if let Some(table) = tables.get_mut(&table_name) {
            table.triggers.push(definitions::of_trigger(&name, &sql));
        }
    }
    for (name, defined) in defined {
        if let Some(table) = tables.get_mut(&name) {
            fill_defined(table, defined);
        }
    }
    fill_reads(&mut tables);

    let countable: Vec<String> = tables
        .values()
        .filter(|table| table.kind == TableKind::Table && table.definition.is_none())
        .map(|table| table.name.clone())
        .collect();
    let budget = Duration::from_millis(settings.count_time_ms).min(end.saturating_duration_since(Instant::now()));
    let counted = count_rows(session, countable, budget).await?;
    progress.tell("counted tables", counted.len());
    for (name, count) in counted {
        if let Some(table) = tables.get_mut(&name) {
            table.row_count = Some(count);
        }
    }
    Ok(tables.into_values().collect())
}

/// Views and virtual tables, which can be broken: one that refers to a table that is gone must not hide the others.
async fn columns_of_derived(
    connection: &mut SqliteConnection,
    names: &[String],
) -> Result<(Vec<ColumnRow>, Vec<(String, String)>), sqlx::Error> {
    let together = sqlx::query_as(include_str!("sql/columns_of_views.sql")).fetch_all(&mut *connection).await;
    if let Ok(columns) = together {
        return Ok((columns, Vec::new()));
    }
    let mut columns = Vec::new();
    let mut unreadable = Vec::new();
    for name in names {
        let one = sqlx::query_as::<_, ColumnRow>(include_str!("sql/columns_of_one.sql")).bind(name.clone());
        match one.fetch_all(&mut *connection).await {
            Ok(rows) => columns.extend(rows),
            Err(error @ sqlx::Error::Database(_)) => unreadable.push((name.clone(), words(&error))),
            Err(error) => return Err(error),
        }
    }
    Ok((columns, unreadable))
}

fn fill_columns(tables: &mut BTreeMap<String, Table>, rows: Vec<ColumnRow>) {
    let mut keys: HashMap<String, Vec<(i64, String)>> = HashMap::new();
    for (table_name, _, name, declared, not_null, default, key_place, hidden) in rows {
        let Some(table) = tables.get_mut(&table_name) else { continue };
        if hidden == 1 {
            continue;
        }
        if key_place > 0 {
            keys.entry(table_name).or_default().push((key_place, name.clone()));
        }
        let declared_type = declared.unwrap_or_default();
        table.columns.push(Column {
            name,
            position: u32::try_from(table.columns.len() + 1).unwrap_or(u32::MAX),
            r#type: normalised(&declared_type).to_owned(),
            declared_type,
            nullable: not_null == 0,
            default,
            generated: hidden > 1,
            ..Column::default()
        });
    }
    for (table_name, mut key) in keys {
        let Some(table) = tables.get_mut(&table_name) else { continue };
        key.sort();
        table.primary_key = key.into_iter().map(|(_, column)| column).collect();
        // Only this form of key is the row's own number, which is never NULL; others may be, for old times' sake.
        if let [only] = table.primary_key.as_slice()
            && let Some(column) = table.columns.iter_mut().find(|column| column.name == *only)
            && column.declared_type.eq_ignore_ascii_case("integer")
        {
            column.nullable = false;
        }
    }
}

fn fill_references(tables: &mut BTreeMap<String, Table>, rows: Vec<ReferenceRow>) {
    let mut last = None;
    for (table_name, id, target, from, to, on_update, on_delete) in rows {
        let parent = tables
            .get(&target)
            .or_else(|| tables.values().find(|table| table.name.eq_ignore_ascii_case(&target)))
            .map(|table| (table.name.clone(), table.primary_key.clone(), table.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>()));
        let Some(table) = tables.get_mut(&table_name) else { continue };
        if last != Some((table_name.clone(), id)) {
            last = Some((table_name.clone(), id));
            table.foreign_keys.push(ForeignKey {
                to_schema: SCHEMA.to_owned(),
                to_table: parent.as_ref().map_or_else(|| target.clone(), |(name, _, _)| name.clone()),
                on_update: action(&on_update),
                on_delete: action(&on_delete),
                ..ForeignKey::default()
            });
        }
        let from = table.column(&from).map_or_else(|| from.clone(), |column| column.name.clone());
        let Some(key) = table.foreign_keys.last_mut() else { continue };
        // Without named columns a reference means the other's primary key, in its order.
        let to = match (to, &parent) {
            (Some(to), Some((_, _, columns))) => columns.iter().find(|name| name.eq_ignore_ascii_case(&to)).cloned().unwrap_or(to),
            (Some(to), None) => to,
            (None, Some((_, primary_key, _))) => primary_key.get(key.columns.len()).cloned().unwrap_or_else(|| "rowid".to_owned()),
            (None, None) => "rowid".to_owned(),
        };
        key.columns.push(from);
        key.to_columns.push(to);
    }
}

fn action(words: &str) -> Option<String> {
    Some(words.to_ascii_lowercase()).filter(|action| action != "no action")
}

/// What stands only in the words of the table's definition.
fn fill_defined(table: &mut Table, defined: Defined) {
    let Defined { checks, mut columns, references } = defined;
    table.checks = checks;
    for column in &mut table.columns {
        let Some(told) = columns.remove(&column.name.to_lowercase()) else { continue };
        (column.expression, column.collation) = (told.expression.filter(|_| column.generated), told.collation);
        column.identity |= told.numbered;
    }
    for key in &mut table.foreign_keys {
        let columns: Vec<String> = key.columns.iter().map(|column| column.to_lowercase()).collect();
        key.name = references.get(&columns).cloned();
    }
}

fn fill_reads(tables: &mut BTreeMap<String, Table>) {
    let names: HashMap<String, String> = tables.keys().map(|name| (name.to_ascii_lowercase(), name.clone())).collect();
    let known = |read: &str| names.get(&read.to_ascii_lowercase()).cloned();
    for table in tables.values_mut().filter(|table| table.kind.is_derived()) {
        table.reads = definitions::full_names(&definitions::read_by_view(table.definition.as_deref().unwrap_or_default()), known);
    }
}

fn fill_indexes(tables: &mut BTreeMap<String, Table>, rows: Vec<IndexRow>) {
    let mut terms = Vec::new();
    for (table_name, name, unique, column_number, column, is_descending, sql) in rows {
        let Some(table) = tables.get_mut(&table_name) else { continue };
        if table.indexes.last().is_none_or(|index| index.name != name) {
            let predicate = sql.as_deref().and_then(predicate_of);
            terms = sql.as_deref().map(definitions::of_index).unwrap_or_default();
            table.indexes.push(Index { name, unique: unique != 0, predicate, ..Index::default() });
        }
        let Some(index) = table.indexes.last_mut() else { continue };
        let column = match (column, column_number) {
            (Some(column), _) => column,
            (None, -1) => "rowid".to_owned(),
            (None, _) => terms.get(index.columns.len()).cloned().unwrap_or_else(|| "<expression>".to_owned()),
        };
        index.columns.push(column);
        if is_descending != 0 || !index.options.is_empty() {
            index.options.resize(index.columns.len() - 1, String::new());
            index.options.push(if is_descending == 0 { String::new() } else { "desc".to_owned() });
        }
    }
}

/// What follows the `where` that stands outside of brackets and quotes.
fn predicate_of(sql: &str) -> Option<String> {
    let mut depth = 0;
    let mut quote = None;
    for (at, sign) in sql.char_indices() {
        match (quote, sign) {
            (Some(close), _) if sign == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(sign),
            (None, '[') => quote = Some(']'),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, 'w' | 'W') if depth == 0 && sql[at..].get(..5).is_some_and(|word| word.eq_ignore_ascii_case("where")) => {
                let before = sql[..at].chars().next_back();
                let after = sql[at + 5..].chars().next();
                if before.is_some_and(|sign| sign.is_whitespace() || sign == ')') && after.is_none_or(|sign| !sign.is_alphanumeric()) {
                    return Some(sql[at + 5..].trim().to_owned());
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// A name as SQLite reads it whatever is in it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text of SQL that this room has made, ready to run.
pub fn own_sql(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}

#[cfg(test)]
mod tests {
    use super::predicate_of;

    #[test]
    fn the_condition_of_a_partial_index_is_found() {
        assert_eq!(predicate_of("create index i on t (a) where a > 0").as_deref(), Some("a > 0"));
        assert_eq!(predicate_of("CREATE INDEX i ON t (a)WHERE(b is null)").as_deref(), Some("(b is null)"));
        assert_eq!(predicate_of("create index \" where \" on t (a)"), None);
        assert_eq!(predicate_of("create index i on t (coalesce(a, ' where '))"), None);
    }
}
