//! Reads one database's metadata from `information_schema` with a constant number of queries, however many tables there are.
//!
//! The server keeps no one state of it for several queries: what comes or goes meanwhile is there whole or not at all, a table at a time.
//! What the user has no right to is not shown by the server, not even that it is there.

use std::borrow::Cow;
use std::collections::HashMap;

use futures::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, Row};

use super::engine::Kind;
use super::session::Session;
use super::types::{default_in_sql, listed_values, normalised};
use super::{grants, keys, lineage, routines, value};
use crate::domain::{Check, Column, Sequence, Snapshot, SourceKey, Table, TableKind, Trigger};
use crate::source::Progress;

/// Partitions whose bounds are told.
const PARTITIONS_TOLD: usize = 40;

pub async fn harvest(session: &mut Session, key: &SourceKey, progress: &Progress) -> Result<Snapshot, sqlx::Error> {
    let grants = grants::read(session).await?;
    let engine = session.engine.clone();
    let schema: String = sqlx::query("select database()").fetch_one(&mut session.connection).await?.try_get_unchecked(0)?;
    let mut reader = Reader { connection: &mut session.connection, schema: schema.clone(), progress };
    let mut draft = Draft::default();

    tables(&mut reader, &mut draft).await?;
    columns(&mut reader, &mut draft, engine.kind).await?;
    keys::indexes(&mut reader, &mut draft, engine.kind).await?;
    keys::references(&mut reader, &mut draft).await?;
    checks(&mut reader, &mut draft, engine.kind).await?;
    triggers(&mut reader, &mut draft).await?;
    views(&mut reader, &mut draft, engine.kind).await?;
    if draft.tables.iter().any(|table| table.kind == TableKind::PartitionedTable) {
        partitions(&mut reader, &mut draft).await?;
    }
    let routines = routines::read(&mut reader, &mut draft.unread).await?;

    let Draft { mut tables, mut sequences, mut unread, .. } = draft;
    for table in &mut tables {
        table.privileges = grants.on(&table.name);
    }
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    sequences.sort_by(|left, right| left.name.cmp(&right.name));
    unread.sort();
    let snapshot = Snapshot { engine: "mysql".to_owned(), engine_version: engine.version, schemas: vec![schema], ..Snapshot::default() };
    Ok(Snapshot { source: key.clone(), tables, routines, sequences, unread, ..snapshot }.named())
}

/// Asks about one database.
pub struct Reader<'a> {
    connection: &'a mut MySqlConnection,
    pub schema: String,
    progress: &'a Progress,
}

/// One row of `information_schema`, by position: the servers write the columns' names in different cases and their texts with different types.
pub struct Fields<'a>(&'a MySqlRow);

#[derive(Default)]
pub struct Draft {
    pub tables: Vec<Table>,
    places: HashMap<String, usize>,
    sequences: Vec<Sequence>,
    unread: Vec<String>,
}

impl Reader<'_> {
    /// Runs one of our queries, whose one parameter is the database, and hands over each row.
    pub async fn each(
        &mut self,
        part: &'static str,
        sql: &'static str,
        mut take: impl FnMut(Fields<'_>) + Send,
    ) -> Result<(), sqlx::Error> {
        let mut part = self.progress.part(part);
        let mut rows = sqlx::query(sql).bind(self.schema.clone()).fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            take(Fields(&row));
            part.more(1);
            tokio::task::coop::consume_budget().await;
        }
        part.whole();
        Ok(())
    }
}

impl<'a> Fields<'a> {
    fn bytes(&self, index: usize) -> Option<&'a [u8]> {
        value::bytes(self.0, index).ok().flatten()
    }

    pub fn text(&self, index: usize) -> &'a str {
        self.bytes(index).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    pub fn own(&self, index: usize) -> String {
        self.text(index).to_owned()
    }

    /// A text that says something; what is not UTF-8 in it is made readable.
    pub fn filled(&self, index: usize) -> Option<String> {
        self.bytes(index).filter(|bytes| !bytes.is_empty()).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub fn number(&self, index: usize) -> Option<u64> {
        self.bytes(index).map(value::unsigned)
    }
}

impl Draft {
    pub fn place(&self, table: &str) -> Option<usize> {
        self.places.get(table).copied()
    }

    fn table(&mut self, name: &str) -> Option<&mut Table> {
        self.place(name).map(|place| &mut self.tables[place])
    }
}

async fn tables(reader: &mut Reader<'_>, draft: &mut Draft) -> Result<(), sqlx::Error> {
    let schema = reader.schema.clone();
    reader
        .each("tables", include_str!("sql/tables.sql"), |row| {
            let (name, engine, comment) = (row.text(0), row.text(2), row.filled(7));
            let kind = match row.text(1) {
                "SEQUENCE" => {
                    draft.sequences.push(Sequence { schema: schema.clone(), name: name.to_owned(), owned_by: None });
                    return;
                }
                "VIEW" | "SYSTEM VIEW" => TableKind::View,
                _ if row.text(6).contains("partitioned") => TableKind::PartitionedTable,
                _ if matches!(engine, "FEDERATED" | "CONNECT" | "SPIDER" | "SPHINX" | "S3") => TableKind::ForeignTable,
                _ => TableKind::Table,
            };
            let is_view = kind == TableKind::View;
            if let Some(why) = comment.as_deref().filter(|why| is_view && *why != "VIEW") {
                draft.unread.push(format!("view `{name}`: {why}"));
            }
            draft.places.insert(name.to_owned(), draft.tables.len());
            draft.tables.push(Table {
                schema: schema.clone(),
                name: name.to_owned(),
                kind,
                row_count: row.number(3).filter(|_| !is_view),
                row_count_estimated: !is_view && !matches!(engine, "MyISAM" | "Aria" | "MEMORY" | "ARCHIVE" | "CSV"),
                bytes: row.number(4).map(|data| data + row.number(5).unwrap_or(0)).filter(|_| !is_view),
                comment: comment.filter(|_| !is_view),
                ..Table::default()
            });
        })
        .await
}

async fn columns(reader: &mut Reader<'_>, draft: &mut Draft, kind: Kind) -> Result<(), sqlx::Error> {
    reader
        .each("columns", include_str!("sql/columns.sql"), |row| {
            let Some(table) = draft.table(row.text(0)) else { return };
            let (declared, extra) = (row.text(5), row.text(6));
            let expression = row.filled(7);
            let default = match (kind, row.bytes(3)) {
                (_, None) => None,
                (Kind::Mariadb, Some(b"NULL")) => None,
                (Kind::Mariadb, Some(value)) => Some(String::from_utf8_lossy(value).into_owned()),
                (_, Some(value)) => Some(default_in_sql(&String::from_utf8_lossy(value), declared, extra.contains("DEFAULT_GENERATED"))),
            };
            table.columns.push(Column {
                name: row.own(1),
                position: row.number(2).and_then(|position| u32::try_from(position).ok()).unwrap_or(0),
                declared_type: declared.to_owned(),
                r#type: normalised(declared).to_owned(),
                nullable: row.text(4) == "YES",
                default: default.filter(|_| expression.is_none()),
                generated: expression.is_some(),
                expression,
                identity: extra.contains("auto_increment"),
                collation: row.filled(9),
                charset: row.filled(8),
                enum_values: listed_values(declared),
                masked: false,
                comment: row.filled(10),
            });
        })
        .await?;
    for table in &mut draft.tables {
        table.columns.sort_by_key(|column| column.position);
    }
    Ok(())
}

async fn checks(reader: &mut Reader<'_>, draft: &mut Draft, kind: Kind) -> Result<(), sqlx::Error> {
    let sql = match kind {
        Kind::Mariadb => include_str!("sql/checks.sql"),
        Kind::Mysql => include_str!("sql/checks_of_mysql.sql"),
        Kind::OldMysql => return Ok(()),
    };
    reader
        .each("checks", sql, |row| {
            let Some(table) = draft.table(row.text(0)) else { return };
            let condition = row.own(2);
            // MariaDB's JSON is a long text that is checked; nothing else tells it.
            let checked = condition.strip_prefix("json_valid(`").and_then(|rest| rest.strip_suffix("`)"));
            if let Some(column) = table.columns.iter_mut().find(|column| Some(column.name.as_str()) == checked && column.r#type == "text") {
                column.r#type = "json".to_owned();
            }
            table.checks.push(Check { name: row.own(1), condition });
        })
        .await?;
    for table in &mut draft.tables {
        table.checks.sort_by(|left, right| left.name.cmp(&right.name));
    }
    Ok(())
}

async fn triggers(reader: &mut Reader<'_>, draft: &mut Draft) -> Result<(), sqlx::Error> {
    reader
        .each("triggers", include_str!("sql/triggers.sql"), |row| {
            let Some(table) = draft.table(row.text(0)) else { return };
            let when = format!("{} {}", row.text(2), row.text(3)).to_ascii_lowercase();
            table.triggers.push(Trigger { name: row.own(1), when, definition: row.filled(4) });
        })
        .await?;
    for table in &mut draft.tables {
        table.triggers.sort_by(|left, right| (&left.name, &left.when).cmp(&(&right.name, &right.when)));
    }
    Ok(())
}

async fn views(reader: &mut Reader<'_>, draft: &mut Draft, kind: Kind) -> Result<(), sqlx::Error> {
    let mut unread = Vec::new();
    reader
        .each("views", include_str!("sql/views.sql"), |row| {
            let Some(view) = draft.table(row.text(0)) else { return };
            view.definition = row.filled(1);
            view.owner = row.filled(2);
            match view.definition.as_deref() {
                None => unread.push(format!("the definition of view `{}`: the user has no right to `show view`", view.name)),
                Some(_) if kind == Kind::Mysql => {}
                Some(definition) => match lineage::tables_read(definition) {
                    Some(reads) => view.reads = reads,
                    None => unread.push(format!("what view `{}` reads: its definition is not understood", view.name)),
                },
            }
        })
        .await?;
    draft.unread.append(&mut unread);
    if kind == Kind::Mysql {
        let take = |row: Fields<'_>| {
            let Some(view) = draft.table(row.text(0)) else { return };
            view.reads.push(format!("{}.{}", row.text(1), row.text(2)));
        };
        reader.each("lineage", include_str!("sql/view_reads.sql"), take).await?;
        draft.tables.iter_mut().for_each(|table| table.reads.sort());
    }
    Ok(())
}

async fn partitions(reader: &mut Reader<'_>, draft: &mut Draft) -> Result<(), sqlx::Error> {
    let mut found: HashMap<usize, (String, Vec<(u64, String)>)> = HashMap::new();
    reader
        .each("partitions", include_str!("sql/partitions.sql"), |row| {
            let Some(place) = draft.place(row.text(0)) else { return };
            let way = |method: usize, expression: usize| {
                format!("{} ({})", row.text(method).to_ascii_lowercase(), row.filled(expression).map_or(Cow::Borrowed(""), Cow::Owned))
            };
            let (_, parts) = found.entry(place).or_insert_with(|| {
                let by = way(3, 4);
                let below = row.filled(6).map(|_| format!(", each by {}", way(6, 7)));
                (by + &below.unwrap_or_default(), Vec::new())
            });
            let bound = row.filled(5).map(|bound| format!(" {bound}"));
            parts.push((row.number(1).unwrap_or(0), row.own(2) + &bound.unwrap_or_default()));
        })
        .await?;
    for (place, (way, mut parts)) in found {
        parts.sort();
        // A partition comes once for each of its own parts.
        parts.dedup();
        let told: Vec<&str> = parts.iter().take(PARTITIONS_TOLD).map(|(_, part)| part.as_str()).collect();
        let more = parts.len().checked_sub(PARTITIONS_TOLD).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
        draft.tables[place].partitioning = Some(format!("{way}: {}{}", told.join(", "), more.unwrap_or_default()));
    }
    Ok(())
}
