//! Relations whose rows are those of others: partitions and views. What hides the others hides them, too, unless a person has named them.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::guard::relations::Place;
use super::super::guard::{self, Dialect};
use super::Rules;
use super::shown::says;
use crate::domain::{Snapshot, Table};

/// What a relation reads, all the way down.
#[derive(Clone, Debug, Default)]
struct Reading {
    hidden: bool,
    masked: bool,
    /// It cannot be told.
    unknown: bool,
}

type Key = (String, String);

impl Rules {
    /// A partition is hidden and masked as its whole is, and a whole masked as its parts are.
    pub(super) fn follow_partitions(&mut self, found: &Snapshot) {
        let by_name: HashMap<String, Key> =
            found.tables.iter().map(|table| (table.full_name(), self.key(&table.schema, &table.name))).collect();
        let pairs: Vec<(Key, Key)> = found
            .tables
            .iter()
            .filter_map(|table| Some((by_name.get(&table.full_name())?.clone(), by_name.get(table.partition_of.as_ref()?)?.clone())))
            .collect();
        let columns: HashMap<Key, BTreeSet<String>> = found
            .tables
            .iter()
            .map(|table| (self.key(&table.schema, &table.name), table.columns.iter().map(|column| column.name.clone()).collect()))
            .collect();
        // As often as partitions can be divided again.
        loop {
            let mut has_changed = false;
            for (part, whole) in &pairs {
                let (Some(of_part), Some(of_whole)) = (self.rulings.get(part).cloned(), self.rulings.get(whole).cloned()) else { continue };
                let denied = self.limits.deny.iter().any(|pattern| pattern.matches(&of_whole.schema, &of_whole.name, super::Case::Ignored))
                    || of_whole.refused.as_deref() == Some(OF_A_DENIED);
                for (key, other) in [(part, &of_whole), (whole, &of_part)] {
                    let ruling = self.rulings.get_mut(key).expect("it was found just now");
                    let known = &columns[key];
                    let before = ruling.masked.len();
                    ruling.masked.extend(other.masked.iter().filter(|column| known.contains(*column)).cloned());
                    has_changed |= ruling.masked.len() > before;
                }
                if denied && of_part.refused.is_none() {
                    let ruling = self.rulings.get_mut(part).expect("it was found just now");
                    (ruling.refused, ruling.is_hidden) = (Some(OF_A_DENIED.to_owned()), true);
                    has_changed = true;
                }
            }
            if !has_changed {
                return;
            }
        }
    }

    /// Refuses what shows rows or values of hidden relations under another name; masks what is computed from masked columns.
    pub(super) fn follow_reads(&mut self, found: &Snapshot) {
        for table in &found.tables {
            let key = self.key(&table.schema, &table.name);
            let Some(ruling) = self.rulings.get_mut(&key).filter(|ruling| !ruling.masked.is_empty()) else { continue };
            // One may be computed from another that is.
            loop {
                let masked = ruling.masked.clone();
                let shows = |expression: &Option<String>| expression.as_ref().is_none_or(|text| masked.iter().any(|name| says(text, name)));
                let computed = table.columns.iter().filter(|column| column.generated && shows(&column.expression));
                ruling.masked.extend(computed.map(|column| column.name.clone()));
                if ruling.masked.len() == masked.len() {
                    break;
                }
            }
        }
        let mut known = HashMap::new();
        for table in &found.tables {
            let reading = self.reading(table, found, &mut known, &mut HashSet::new());
            let refused = self.refused_for(table, &reading);
            if let Some(ruling) = self.rulings.get_mut(&self.key(&table.schema, &table.name)) {
                ruling.reads_hidden = reading.hidden || reading.unknown;
                if ruling.refused.is_none() {
                    ruling.refused = refused;
                }
            }
        }
    }

    fn refused_for(&self, table: &Table, reading: &Reading) -> Option<String> {
        let named = self.limits.allow.iter().any(|pattern| pattern.names(&table.schema, &table.name, self.naming.case));
        let masks_itself = self.limits.mask.iter().any(|pattern| {
            pattern.names_table(&table.schema, &table.name)
                && table.columns.iter().any(|column| pattern.matches(&table.schema, &table.name, &column.name))
        });
        let has_tables_hidden = !(self.limits.allow.is_empty() && self.limits.deny.is_empty());
        let why = if reading.unknown { "what it reads is not known" } else { "it reads what is hidden" };
        if (reading.hidden || reading.unknown && has_tables_hidden) && !named {
            return Some(format!("{why}; to show it, name it in `allow`"));
        }
        let why = if reading.unknown { "what it reads is not known" } else { "it reads a table with masked columns" };
        if (reading.masked || reading.unknown && !self.limits.mask.is_empty()) && !masks_itself {
            return Some(format!("{why}; to show it, name its own columns in `mask`, as `{}.*` or one by one", table.name));
        }
        None
    }

    /// Ends at relations that a person has named, who has decided what they may show.
    fn reading(&self, table: &Table, found: &Snapshot, known: &mut HashMap<Key, Reading>, open: &mut HashSet<Key>) -> Reading {
        let key = self.key(&table.schema, &table.name);
        if let Some(reading) = known.get(&key) {
            return reading.clone();
        }
        if !open.insert(key.clone()) {
            return Reading { unknown: true, ..Reading::default() };
        }
        let mut reading = Reading::default();
        match self.relations_of(table, found) {
            None => reading.unknown = true,
            Some(relations) => {
                for other in relations {
                    let Some(ruling) = self.rulings.get(&self.key(&other.schema, &other.name)) else { continue };
                    let below = self.reading(other, found, known, open);
                    reading.hidden |= ruling.is_hidden;
                    reading.masked |= !ruling.masked.is_empty();
                    if ruling.is_hidden || self.refused_for(other, &below).is_some() {
                        reading.hidden |= below.hidden;
                        reading.masked |= below.masked;
                        reading.unknown |= below.unknown;
                    }
                }
            }
        }
        open.remove(&key);
        known.insert(key, reading.clone());
        reading
    }

    /// What a relation takes its rows from; none where that is not known for certain.
    fn relations_of<'a>(&self, table: &Table, found: &'a Snapshot) -> Option<Vec<&'a Table>> {
        let own = table.full_name();
        let mut relations: Vec<&Table> = found.tables.iter().filter(|other| table.reads.contains(&other.full_name())).collect();
        if relations.len() < table.reads.len() {
            return None;
        }
        // Rows of a whole are those of its parts; an `allow` that matches only the whole means them, too.
        let denied =
            |other: &&Table| self.limits.deny.iter().any(|pattern| pattern.matches(&other.schema, &other.name, super::Case::Ignored));
        relations.extend(found.tables.iter().filter(|other| other.partition_of.as_ref() == Some(&own)).filter(denied));
        if !table.kind.is_derived() {
            // The tables of SQLite that have a definition are virtual, and may stand on others.
            if self.dialect == Dialect::Sqlite
                && let Some(definition) = &table.definition
            {
                relations.extend(found.tables.iter().filter(|other| other.name != table.name && says(definition, &other.name)));
            }
            return Some(relations);
        }
        let definition = self.query_of(table.definition.as_ref()?)?;
        let query = guard::check(self.dialect, definition).ok()?;
        if query.reads().telling.is_some() || self.routine_in(definition).is_some() {
            return None;
        }
        for relation in &query.reads().relations {
            if relation.place == Place::Type {
                if relation.path.last().is_some_and(|name| !guard::is_builtin_type(&name.text)) {
                    return None;
                }
                continue;
            }
            let names: Vec<&str> = relation.path.iter().map(|name| name.text.as_str()).collect();
            let key = match (names.as_slice(), self.dialect) {
                ([name], Dialect::Sqlite) => self.key(&table.schema, name),
                ([schema, name], _) => self.key(schema, name),
                // A definition says the schema of all that is of the data.
                _ => return None,
            };
            relations.push(found.tables.iter().find(|other| self.key(&other.schema, &other.name) == key)?);
        }
        Some(relations)
    }

    /// SQLite keeps the whole statement; the others the query alone.
    fn query_of<'a>(&self, definition: &'a str) -> Option<&'a str> {
        if self.dialect != Dialect::Sqlite {
            return Some(definition);
        }
        guard::behind_as(self.dialect, definition)
    }
}

const OF_A_DENIED: &str = "the table that it is a part of is denied";
