//! Reads a PostgreSQL database's own metadata: one transaction, one view of `pg_catalog`, a constant number of queries.
//!
//! Left out: the system's schemas, what belongs to an extension, and schemas that the user may not use.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{FromRow, PgConnection};

use super::draft::{ColumnRow, ConstraintRow, Draft, IndexRow, RelationRow, TriggerRow};
use super::types::CatalogType;
use crate::domain::{Routine, RoutineKind, Sequence, Snapshot, SourceKey};
use crate::source::progress::{Part, Progress};

type TypeRow = (Oid, String, String, String, bool, Oid, Option<Vec<String>>);
type RoutineRow = (String, String, String, String, Option<String>, String, Option<String>, Option<String>);
type SequenceRow = (String, String, Option<Oid>, Option<i16>);

pub async fn harvest(connection: &mut PgConnection, key: &SourceKey, progress: &Progress) -> Result<Snapshot, sqlx::Error> {
    let (version, user, page_bytes): (String, String, i64) =
        sqlx::query_as(include_str!("sql/server.sql")).persistent(false).fetch_one(&mut *connection).await?;
    let schemas: Vec<(String, bool)> =
        sqlx::query_as(include_str!("sql/schemas.sql")).persistent(false).fetch_all(&mut *connection).await?;

    let mut draft = Draft::new(u64::try_from(page_bytes).unwrap_or(8_192));
    each(connection, progress.part("tables"), include_str!("sql/relations.sql"), |row: RelationRow| draft.relation(row)).await?;
    each(connection, progress.part("columns"), include_str!("sql/columns.sql"), |row: ColumnRow| draft.column(row)).await?;
    let types = types(connection, draft.types_used()).await?;
    draft.type_columns(&types);
    each(connection, progress.part("indexes"), include_str!("sql/indexes.sql"), |row: IndexRow| draft.index(row)).await?;
    each(connection, progress.part("constraints"), include_str!("sql/constraints.sql"), |row: ConstraintRow| draft.constraint(row)).await?;
    each(connection, progress.part("triggers"), include_str!("sql/triggers.sql"), |row: TriggerRow| draft.trigger(row)).await?;
    each(connection, progress.part("lineage"), include_str!("sql/lineage.sql"), |(view, read): (Oid, Oid)| draft.read(view.0, read.0))
        .await?;
    let mut sequences = Vec::new();
    each(connection, progress.part("sequences"), include_str!("sql/sequences.sql"), |row: SequenceRow| {
        sequences.push(sequence(&mut draft, row))
    })
    .await?;
    let mut routines = Vec::new();
    each(connection, progress.part("routines"), include_str!("sql/routines.sql"), |row: RoutineRow| routines.push(routine(row))).await?;

    let mut unread = Vec::new();
    let mut readable = HashSet::new();
    for (schema, is_usable) in schemas {
        if is_usable {
            readable.insert(schema);
        } else {
            unread.push(format!("schema `{schema}`: user `{user}` has no `usage` permission"));
        }
    }
    let (tables, closed) = draft.finished(&readable);
    unread.extend(closed.into_iter().map(|(schema, names)| rows_unread(&schema, &names, &user)));
    unread.sort();
    sequences.sort_by(|left, right| (&left.schema, &left.name).cmp(&(&right.schema, &right.name)));
    routines.sort_by(|left, right| (&left.schema, &left.name, &left.signature).cmp(&(&right.schema, &right.name, &right.signature)));
    let mut schemas: Vec<String> = readable.into_iter().collect();
    schemas.sort();
    let snapshot = Snapshot {
        source: key.clone(),
        engine: "postgresql".to_owned(),
        engine_version: version,
        schemas,
        tables,
        routines,
        sequences,
        unread,
        ..Snapshot::default()
    };
    Ok(snapshot.named())
}

/// Row by row, so that no answer is held whole.
async fn each<R>(connection: &mut PgConnection, mut part: Part<'_>, sql: &'static str, mut take: impl FnMut(R)) -> Result<(), sqlx::Error>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut rows = sqlx::query_as::<_, R>(sql).persistent(false).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        take(row);
        part.more(1);
    }
    part.whole();
    Ok(())
}

async fn types(connection: &mut PgConnection, used: Vec<Oid>) -> Result<HashMap<u32, CatalogType>, sqlx::Error> {
    let asking = sqlx::query_as::<_, TypeRow>(include_str!("sql/types.sql")).persistent(false).bind(used);
    let mut types = HashMap::new();
    for (number, name, kind, category, not_null, inner, enum_values) in asking.fetch_all(connection).await? {
        types.insert(number.0, CatalogType { name, kind, category, not_null, inner: inner.0, enum_values });
    }
    Ok(types)
}

/// A sequence that numbers a column makes it one that the database fills.
fn sequence(draft: &mut Draft, (schema, name, table, column): SequenceRow) -> Sequence {
    let owned_by = table.zip(column).and_then(|(table, column)| draft.numbered(table.0, column));
    Sequence { schema, name, owned_by }
}

fn routine((schema, name, signature, kind, returns, language, definition, comment): RoutineRow) -> Routine {
    let kind = match kind.as_str() {
        "p" => RoutineKind::Procedure,
        "a" => RoutineKind::Aggregate,
        _ => RoutineKind::Function,
    };
    Routine { schema, name, signature, kind, returns, language: Some(language), definition, comment }
}

/// Named up to a bound: of a whole schema without permission the number says enough.
fn rows_unread(schema: &str, names: &[String], user: &str) -> String {
    const NAMED: usize = 5;
    let shown = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    format!("rows of {shown}{more} in schema `{schema}`: user `{user}` has no `select` permission")
}
