//! What has changed between two snapshots of a source. Objects keep their identity by schema, kind of object, name and, for routines,
//! signature; an object that was renamed is one removed and one added.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Column, Snapshot, Table};

/// Counts that move by themselves are no change of structure.
const NOT_STRUCTURE: [&str; 3] = ["row_count", "row_count_estimated", "bytes"];
/// Parts of a table that are compared one by one.
const PARTS: [&str; 5] = ["columns", "foreign_keys", "indexes", "checks", "triggers"];

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Differences {
    /// Keys of objects, as the catalog has them: `table/public.orders`, `col/public.orders.status`, `routine/public.f(integer)`.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<Changed>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Changed {
    pub key: String,
    /// What of it: `type`, `nullable`, `primary_key`, `index orders_status`, …
    pub what: String,
    /// Null where there was nothing.
    pub before: Value,
    pub after: Value,
}

impl Differences {
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let mut found = Self::default();
        let (old, new) = (objects(before), objects(after));
        found.compare(&old, &new);
        found
    }

    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Keys of the objects that are not what they were.
    pub fn touched(&self) -> BTreeSet<&str> {
        let keys = self.removed.iter().chain(self.changed.iter().map(|changed| &changed.key));
        keys.map(String::as_str).collect()
    }

    fn compare(&mut self, old: &Objects, new: &Objects) {
        self.removed.extend(old.keys().filter(|key| !new.contains_key(*key)).cloned());
        for (key, after) in new {
            let Some(before) = old.get(key) else {
                self.added.push(key.clone());
                continue;
            };
            let whats: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for what in whats {
                let (was, is) = (before.get(what).unwrap_or(&Value::Null), after.get(what).unwrap_or(&Value::Null));
                if was != is {
                    self.changed.push(Changed { key: key.clone(), what: what.clone(), before: was.clone(), after: is.clone() });
                }
            }
        }
        // A table that came or went brings and takes its columns; naming them again says nothing.
        let whole = |list: &[String]| list.iter().filter_map(|key| key.split_once('/')).map(|(_, name)| name.to_owned()).collect();
        let (came, went): (BTreeSet<String>, BTreeSet<String>) = (whole(&self.added), whole(&self.removed));
        self.added.retain(|key| !is_column_of(key, &came));
        self.removed.retain(|key| !is_column_of(key, &went));
    }
}

/// Objects by key, each with what is compared of it.
type Objects = BTreeMap<String, BTreeMap<String, Value>>;

fn objects(snapshot: &Snapshot) -> Objects {
    let mut objects = Objects::new();
    for table in &snapshot.tables {
        objects.insert(format!("{}/{}", table.kind.word(), table.full_name()), facts_of_table(table));
        for column in &table.columns {
            objects.insert(format!("col/{}.{}", table.full_name(), column.name), facts_of_column(column));
        }
    }
    for routine in &snapshot.routines {
        let key = format!("routine/{}.{}({})", routine.schema, routine.name, routine.signature);
        objects.insert(key, members(routine, &["schema", "name", "signature"]));
    }
    for sequence in &snapshot.sequences {
        objects.insert(format!("sequence/{}.{}", sequence.schema, sequence.name), members(sequence, &["schema", "name"]));
    }
    objects
}

fn facts_of_table(table: &Table) -> BTreeMap<String, Value> {
    let mut facts = members(table, &[&["schema", "name"][..], &NOT_STRUCTURE, &PARTS].concat());
    let mut part = |what: &str, name: &str, value: Value| facts.insert(format!("{what} {name}").trim_end().to_owned(), value);
    for key in &table.foreign_keys {
        part("reference", &format!("({})", key.columns.join(", ")), plain(key));
    }
    for index in &table.indexes {
        part("index", &index.name, plain(index));
    }
    for check in &table.checks {
        part("check", &check.name, Value::from(check.condition.as_str()));
    }
    for trigger in &table.triggers {
        part("trigger", &trigger.name, plain(trigger));
    }
    facts
}

fn facts_of_column(column: &Column) -> BTreeMap<String, Value> {
    members(column, &["name", "position"])
}

fn members(object: &impl Serialize, without: &[&str]) -> BTreeMap<String, Value> {
    match plain(object) {
        Value::Object(members) => members.into_iter().filter(|(name, _)| !without.contains(&name.as_str())).collect(),
        _ => BTreeMap::new(),
    }
}

fn plain(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("what a harvest found is plain data and always serialises")
}

fn is_column_of(key: &str, tables: &BTreeSet<String>) -> bool {
    let Some(name) = key.strip_prefix("col/") else { return false };
    name.match_indices('.').any(|(at, _)| tables.contains(&name[..at]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{ForeignKey, Index, Routine, RoutineKind};

    fn column(name: &str, kind: &str) -> Column {
        Column { name: name.to_owned(), position: 1, declared_type: kind.to_owned(), r#type: kind.to_owned(), ..Column::default() }
    }

    fn table(name: &str, columns: &[(&str, &str)]) -> Table {
        let columns = columns.iter().map(|(name, kind)| column(name, kind)).collect();
        Table { schema: "s".to_owned(), name: name.to_owned(), columns, ..Table::default() }
    }

    fn snapshot(tables: Vec<Table>) -> Snapshot {
        Snapshot { tables, ..Snapshot::default() }
    }

    #[test]
    fn nothing_has_changed_where_only_counts_moved() {
        let before = snapshot(vec![table("orders", &[("id", "integer")])]);
        let mut after = before.clone();
        (after.tables[0].row_count, after.tables[0].bytes) = (Some(7), Some(8_192));
        assert!(Differences::between(&before, &after).is_empty());
    }

    #[test]
    fn objects_come_go_and_change() {
        let before =
            snapshot(vec![table("orders", &[("id", "integer"), ("status", "text"), ("gone", "text")]), table("old", &[("a", "text")])]);
        let mut orders = table("orders", &[("id", "integer"), ("status", "integer"), ("more.dots", "text")]);
        orders.primary_key = vec!["id".to_owned()];
        orders.indexes = vec![Index { name: "by_status".to_owned(), columns: vec!["status".to_owned()], ..Index::default() }];
        orders.foreign_keys = vec![ForeignKey { columns: vec!["id".to_owned()], to_table: "old".to_owned(), ..ForeignKey::default() }];
        let found = Differences::between(&before, &snapshot(vec![orders, table("orders.new", &[("a", "text")])]));
        assert_eq!(found.added, ["col/s.orders.more.dots", "table/s.orders.new"]);
        assert_eq!(found.removed, ["col/s.orders.gone", "table/s.old"]);
        let changed: Vec<_> = found.changed.iter().map(|change| (change.key.as_str(), change.what.as_str())).collect();
        assert_eq!(
            changed,
            [
                ("col/s.orders.status", "declared_type"),
                ("col/s.orders.status", "type"),
                ("table/s.orders", "index by_status"),
                ("table/s.orders", "primary_key"),
                ("table/s.orders", "reference (id)"),
            ]
        );
        assert_eq!((&found.changed[1].before, &found.changed[1].after), (&json!("text"), &json!("integer")));
        assert!(found.touched().contains("table/s.old") && !found.touched().contains("table/s.orders.new"));
    }

    #[test]
    fn overloaded_routines_are_told_apart() {
        let routine = |signature: &str, body: &str| Routine {
            schema: "s".to_owned(),
            name: "f".to_owned(),
            signature: signature.to_owned(),
            kind: RoutineKind::Function,
            returns: None,
            language: None,
            definition: Some(body.to_owned()),
            comment: None,
        };
        let with = |routines| Snapshot { routines, ..Snapshot::default() };
        let found = Differences::between(&with(vec![routine("integer", "1"), routine("text", "2")]), &with(vec![routine("integer", "3")]));
        assert_eq!(found.removed, ["routine/s.f(text)"]);
        assert_eq!(found.changed.len(), 1);
        assert_eq!((found.changed[0].key.as_str(), found.changed[0].what.as_str()), ("routine/s.f(integer)", "definition"));
    }
}
