//! A snapshot in the making: rows of `pg_catalog`, which know each other by number, become tables, which know each other by name.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::postgres::types::Oid;

use super::types::{CatalogType, enum_values, normalised, refuses_null};
use crate::domain::{Check, Column, ForeignKey, Index, Table, TableKind, Trigger};

/// Number, schema, name, kind, rows, pages, view, comment, owner, parent, partition key, partition bound, readable, privileges.
pub type RelationRow = (
    Oid,
    String,
    String,
    String,
    Option<f64>,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Oid>,
    Option<String>,
    Option<String>,
    bool,
    Vec<String>,
);
/// Table, number, name, type, declared type, not null, identity, generated, expression, collation, comment.
pub type ColumnRow = (Oid, i16, String, Oid, String, bool, bool, bool, Option<String>, Option<String>, Option<String>);
/// Table, name, unique, primary, keys, options, number of key columns, method, pages, valid, predicate, all its keys as text.
pub type IndexRow = (Oid, String, bool, bool, String, String, i16, String, i32, bool, Option<String>, Option<Vec<String>>);
/// Table, name, whether a foreign key, keys, other table, its keys, on update, on delete, condition.
pub type ConstraintRow = (Oid, String, bool, Option<Vec<i16>>, Oid, Option<Vec<i16>>, String, String, Option<String>);
/// Table, name, kind in bits, definition.
pub type TriggerRow = (Oid, String, i16, Option<String>);

pub struct Draft {
    page_bytes: u64,
    relations: Vec<Relation>,
    places: HashMap<u32, usize>,
}

struct Relation {
    table: Table,
    /// Numbers and types of the columns, paired with `table.columns`.
    columns: Vec<(i16, u32)>,
    pages: u64,
    parent: Option<u32>,
    is_readable: bool,
}

const DESCENDING: i16 = 1;
const NULLS_FIRST: i16 = 2;

impl Draft {
    pub fn new(page_bytes: u64) -> Self {
        Self { page_bytes, relations: Vec::new(), places: HashMap::new() }
    }

    pub fn relation(&mut self, row: RelationRow) {
        let (number, schema, name, kind, rows, pages, view, comment, owner, parent, key, bound, is_readable, privileges) = row;
        let kind = match kind.as_str() {
            "p" => TableKind::PartitionedTable,
            "f" => TableKind::ForeignTable,
            "v" => TableKind::View,
            "m" => TableKind::MaterializedView,
            _ => TableKind::Table,
        };
        let row_count = rows.filter(|_| kind != TableKind::View).map(|rows| rows.max(0.0) as u64);
        // A partition may be divided again.
        let partitioning = match (bound, key) {
            (Some(bound), Some(key)) => Some(format!("{bound}, by {key}")),
            (bound, key) => bound.or(key.map(|key| format!("by {key}"))),
        };
        let table = Table {
            schema,
            name,
            kind,
            row_count,
            row_count_estimated: row_count.is_some(),
            definition: view,
            comment,
            owner,
            partitioning,
            privileges,
            ..Table::default()
        };
        let pages = u64::try_from(pages).unwrap_or(0);
        self.places.insert(number.0, self.relations.len());
        self.relations.push(Relation { table, columns: Vec::new(), pages, parent: parent.map(|parent| parent.0), is_readable });
    }

    pub fn column(&mut self, row: ColumnRow) {
        let (table, number, name, r#type, declared_type, is_not_null, identity, generated, expression, collation, comment) = row;
        let Some(relation) = self.of(table.0) else { return };
        let (default, expression) = if generated { (None, expression) } else { (expression, None) };
        relation.columns.push((number, r#type.0));
        relation.table.columns.push(Column {
            name,
            declared_type,
            nullable: !is_not_null,
            default,
            generated,
            expression,
            identity,
            collation,
            comment,
            ..Column::default()
        });
    }

    pub fn types_used(&self) -> Vec<Oid> {
        let used: HashSet<u32> = self.relations.iter().flat_map(|relation| relation.columns.iter().map(|(_, kind)| *kind)).collect();
        used.into_iter().map(Oid).collect()
    }

    /// After this the columns stand in their order.
    pub fn type_columns(&mut self, types: &HashMap<u32, CatalogType>) {
        for relation in &mut self.relations {
            let columns = std::mem::take(&mut relation.table.columns);
            let mut numbered: Vec<((i16, u32), Column)> = std::mem::take(&mut relation.columns).into_iter().zip(columns).collect();
            numbered.sort_by_key(|((number, _), _)| *number);
            for (place, ((number, kind), mut column)) in numbered.into_iter().enumerate() {
                column.position = u32::try_from(place + 1).unwrap_or(u32::MAX);
                column.r#type = normalised(types, kind).to_owned();
                column.enum_values = enum_values(types, kind);
                column.nullable = column.nullable && !refuses_null(types, kind);
                relation.columns.push((number, kind));
                relation.table.columns.push(column);
            }
        }
    }

    pub fn index(&mut self, row: IndexRow) {
        let (table, name, unique, is_primary, keys, options, key_count, method, pages, is_valid, predicate, texts) = row;
        let Some(relation) = self.of(table.0) else { return };
        relation.pages += u64::try_from(pages).unwrap_or(0);
        // What follows the key is only carried along.
        let key_count = usize::try_from(key_count).unwrap_or(0);
        let columns = numbers(&keys).take(key_count).enumerate().map(|(place, number)| match number {
            0 => texts.as_ref().and_then(|texts| texts.get(place)).cloned().unwrap_or_else(|| "<expression>".to_owned()),
            number => relation.name_of(number),
        });
        let columns = columns.collect();
        if is_primary {
            relation.table.primary_key = columns;
            return;
        }
        // One whose making has failed promises nothing.
        if !is_valid {
            return;
        }
        let mut options: Vec<String> = numbers(&options).take(key_count).map(|bits| order(bits).to_owned()).collect();
        if options.iter().all(String::is_empty) {
            options.clear();
        }
        let method = (method != "btree").then_some(method);
        relation.table.indexes.push(Index { name, unique, columns, options, predicate, method });
    }

    pub fn constraint(&mut self, row: ConstraintRow) {
        let (table, name, is_reference, keys, other, other_keys, on_update, on_delete, condition) = row;
        if let Some(condition) = condition {
            if let Some(relation) = self.of(table.0) {
                relation.table.checks.push(Check { name, condition });
            }
            return;
        }
        if !is_reference {
            return;
        }
        let Some(parent) = self.places.get(&other.0).map(|place| &self.relations[*place]) else { return };
        let to_columns = other_keys.unwrap_or_default().into_iter().map(|number| parent.name_of(number)).collect();
        let (to_schema, to_table) = (parent.table.schema.clone(), parent.table.name.clone());
        let Some(relation) = self.of(table.0) else { return };
        let columns = keys.unwrap_or_default().into_iter().map(|number| relation.name_of(number)).collect();
        relation.table.foreign_keys.push(ForeignKey {
            name: Some(name),
            columns,
            to_schema,
            to_table,
            to_columns,
            on_update: action(&on_update),
            on_delete: action(&on_delete),
        });
    }

    pub fn trigger(&mut self, (table, name, bits, definition): TriggerRow) {
        if let Some(relation) = self.of(table.0) {
            relation.table.triggers.push(Trigger { name, when: moment(bits), definition });
        }
    }

    pub fn read(&mut self, view: u32, read: u32) {
        let Some(name) = self.places.get(&read).map(|place| self.relations[*place].table.full_name()) else { return };
        if let Some(relation) = self.of(view) {
            relation.table.reads.push(name);
        }
    }

    /// The column that a sequence numbers; `schema.table.column`.
    pub fn numbered(&mut self, table: u32, number: i16) -> Option<String> {
        let relation = self.of(table)?;
        let place = relation.place_of(number)?;
        let column = relation.table.columns.get_mut(place)?;
        column.identity |= column.default.as_deref().is_some_and(|default| default.starts_with("nextval("));
        let column_name = column.name.clone();
        Some(format!("{}.{column_name}", relation.table.full_name()))
    }

    /// The tables of these schemas in their order, and those whose rows may not be read, by schema.
    pub fn finished(mut self, schemas: &HashSet<String>) -> (Vec<Table>, BTreeMap<String, Vec<String>>) {
        for place in 0..self.relations.len() {
            let parent = self.relations[place].parent.and_then(|parent| self.places.get(&parent));
            self.relations[place].table.partition_of = parent.map(|parent| self.relations[*parent].table.full_name());
        }
        let page_bytes = self.page_bytes;
        let mut closed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut tables = Vec::with_capacity(self.relations.len());
        for Relation { mut table, pages, is_readable, .. } in self.relations {
            if !schemas.contains(&table.schema) {
                continue;
            }
            if !is_readable {
                closed.entry(table.schema.clone()).or_default().push(table.name.clone());
            }
            // Pages are counted when rows are.
            table.bytes = table.row_count.filter(|_| pages > 0).map(|_| pages * page_bytes);
            table.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
            table.indexes.sort_by(|left, right| left.name.cmp(&right.name));
            table.checks.sort_by(|left, right| left.name.cmp(&right.name));
            table.triggers.sort_by(|left, right| left.name.cmp(&right.name));
            table.reads.sort();
            tables.push(table);
        }
        tables.sort_by(|left, right| (&left.schema, &left.name).cmp(&(&right.schema, &right.name)));
        closed.values_mut().for_each(|names| names.sort());
        (tables, closed)
    }

    fn of(&mut self, number: u32) -> Option<&mut Relation> {
        self.places.get(&number).map(|place| &mut self.relations[*place])
    }
}

impl Relation {
    fn place_of(&self, number: i16) -> Option<usize> {
        self.columns.binary_search_by_key(&number, |(number, _)| *number).ok()
    }

    fn name_of(&self, number: i16) -> String {
        // Columns of the system have numbers below 1.
        self.place_of(number).map_or_else(|| format!("<column {number}>"), |place| self.table.columns[place].name.clone())
    }
}

/// An `int2vector` as its text: its bounds start at 0, which no array of the driver's may.
fn numbers(text: &str) -> impl Iterator<Item = i16> {
    text.split_ascii_whitespace().filter_map(|number| number.parse().ok())
}

fn order(bits: i16) -> &'static str {
    match (bits & DESCENDING != 0, bits & NULLS_FIRST != 0) {
        // Descending puts NULL first by itself.
        (true, true) => "desc",
        (true, false) => "desc nulls last",
        (false, true) => "nulls first",
        (false, false) => "",
    }
}

fn action(letter: &str) -> Option<String> {
    let action = match letter {
        "c" => "cascade",
        "r" => "restrict",
        "n" => "set null",
        "d" => "set default",
        _ => return None,
    };
    Some(action.to_owned())
}

/// The bits of `pg_trigger.tgtype`.
fn moment(bits: i16) -> String {
    let when = match (bits & 2 != 0, bits & 64 != 0) {
        (_, true) => "instead of",
        (true, false) => "before",
        (false, false) => "after",
    };
    let events = [(4, "insert"), (8, "delete"), (16, "update"), (32, "truncate")];
    let events: Vec<&str> = events.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, event)| event).collect();
    format!("{when} {}", events.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_words() {
        assert_eq!(
            (moment(7), moment(29), moment(69)),
            ("before insert".into(), "after insert or delete or update".into(), "instead of insert".into())
        );
        assert_eq!((order(0), order(1), order(2), order(3)), ("", "desc nulls last", "nulls first", "desc"));
    }
}
