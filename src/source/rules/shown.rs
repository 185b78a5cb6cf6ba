//! A snapshot as a source with lists shows it: what is hidden is not in it, and no text of it says a hidden name.
//!
//! Left out: hidden tables, views, routines and sequences; foreign keys, `reads` and owners that lead to them; definitions, comments,
//! conditions, defaults and remarks that say the name of one; what would tell values of a masked column.

use std::collections::{BTreeSet, HashSet};

use super::{Case, Rules};
use crate::domain::{Column, Snapshot, Table};
use crate::source::Limits;

/// The words of a text, in small letters.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|sign: char| !(sign.is_alphanumeric() || sign == '_' || sign == '$')).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether a text says a name; too often rather than too seldom.
pub(super) fn says(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    match words(&name).next() {
        Some(word) if word == name => words(text).any(|word| word == name),
        // A quote inside a name is written in more than one way.
        _ => name.contains(['"', '`', '\'', ']']) || text.to_lowercase().contains(&name),
    }
}

/// Names that must not be said.
struct Hidden {
    plain: HashSet<String>,
    /// With signs that part words.
    odd: Vec<String>,
}

impl Hidden {
    fn of(names: impl Iterator<Item = String>) -> Self {
        let (odd, plain): (BTreeSet<String>, BTreeSet<String>) =
            names.map(|name| name.to_lowercase()).partition(|name| words(name).next().as_deref() != Some(name));
        Self { plain: plain.into_iter().collect(), odd: odd.into_iter().filter(|name| !name.is_empty()).collect() }
    }

    fn is_said_in(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        words(&lower).any(|word| self.plain.contains(&word)) || self.odd.iter().any(|name| lower.contains(name))
    }

    fn clean(&self, text: &mut Option<String>) {
        if text.as_ref().is_some_and(|text| self.is_said_in(text)) {
            *text = None;
        }
    }
}

impl Rules {
    pub fn shown(&self, found: Snapshot) -> Snapshot {
        let Snapshot { schemas, tables, mut routines, mut sequences, mut unread, .. } = found.clone();
        let (mut shown, rest): (Vec<Table>, Vec<Table>) = tables
            .into_iter()
            .partition(|table| self.rulings.get(&self.key(&table.schema, &table.name)).is_some_and(|ruling| ruling.refused.is_none()));
        let is_open = |schema: &str, name: &str| self.hidden(schema, name).is_none();
        routines.retain(|routine| is_open(&routine.schema, &routine.name));
        sequences.retain(|sequence| is_open(&sequence.schema, &sequence.name));

        let is_used = |schema: &String| {
            shown.iter().any(|table| table.schema == *schema)
                || routines.iter().any(|routine| routine.schema == *schema)
                || sequences.iter().any(|sequence| sequence.schema == *schema)
        };
        let is_covered = |schema: &str| {
            let denied = self.limits.deny.iter().any(|pattern| pattern.covers(schema, Case::Ignored));
            !denied && (self.limits.allow.is_empty() || self.limits.allow.iter().any(|pattern| pattern.covers(schema, self.naming.case)))
        };
        let (schemas, gone): (Vec<String>, Vec<String>) = schemas.into_iter().partition(|schema| is_used(schema) || is_covered(schema));

        let by_lists = rest.iter().filter(|table| self.is_hidden(table));
        let names_shown: HashSet<&str> = shown.iter().map(|table| table.name.as_str()).collect();
        let hidden_routines = found.routines.iter().filter(|routine| !is_open(&routine.schema, &routine.name)).map(|routine| &routine.name);
        let names = by_lists.map(|table| &table.name).chain(&gone).chain(hidden_routines);
        let hidden = Hidden::of(names.filter(|name| !names_shown.contains(name.as_str())).cloned());

        let open: HashSet<String> = shown.iter().map(Table::full_name).collect();
        for table in &mut shown {
            self.clean(table, &open, &hidden);
        }
        for routine in &mut routines {
            hidden.clean(&mut routine.definition);
            hidden.clean(&mut routine.comment);
            hidden.clean(&mut routine.returns);
        }
        let leads_to_open =
            |column: &String| open.iter().any(|table| column.strip_prefix(table.as_str()).is_some_and(|rest| rest.starts_with('.')));
        sequences.retain(|sequence| sequence.owned_by.as_ref().is_none_or(leads_to_open));
        // A remark is about what could not be read, so about names that no list of tables has; those of another place are judged by their names.
        unread.retain(|remark| !hidden.is_said_in(remark) && quoted_names(remark).all(|name| self.may_say(name)));
        for table in rest.iter().filter(|table| !self.is_hidden(table)) {
            let why = self.rulings.get(&self.key(&table.schema, &table.name)).and_then(|ruling| ruling.refused.clone()).unwrap_or_default();
            unread.push(format!("{} `{}`: {why}", table.kind.word(), table.full_name()));
        }
        Snapshot { schemas, tables: shown, routines, sequences, unread, ..found }.named()
    }

    fn is_hidden(&self, table: &Table) -> bool {
        self.rulings.get(&self.key(&table.schema, &table.name)).is_none_or(|ruling| ruling.is_hidden)
    }

    fn may_say(&self, name: &str) -> bool {
        match name.rsplit_once('.') {
            Some((schema, name)) => self.hidden(schema, name).is_none(),
            None => {
                let Limits { allow, deny, .. } = &self.limits;
                !deny.iter().any(|pattern| pattern.may_mean(name))
                    && (allow.is_empty() || allow.iter().any(|pattern| pattern.may_mean(name)))
            }
        }
    }

    fn clean(&self, table: &mut Table, open: &HashSet<String>, hidden: &Hidden) {
        let Some(ruling) = self.rulings.get(&self.key(&table.schema, &table.name)) else { return };
        let masked: HashSet<String> = ruling.masked.iter().map(|column| column.to_lowercase()).collect();
        let says = |text: &str| hidden.is_said_in(text) || masked.iter().any(|name| text.to_lowercase().contains(name));
        table.foreign_keys.retain(|key| open.contains(&format!("{}.{}", key.to_schema, key.to_table)));
        table.reads.retain(|read| open.contains(read));
        table.checks.retain(|check| !says(&check.condition) && !hidden.is_said_in(&check.name));
        if !masked.is_empty() {
            // The bounds of a partition are values, whether or not they say of which column.
            table.partitioning = None;
        }
        for index in &mut table.indexes {
            let is_column = |name: &String| table.columns.iter().any(|column| column.name == *name);
            for term in index.columns.iter_mut().filter(|term| !is_column(term)) {
                if says(term) {
                    *term = "<expression>".to_owned();
                }
            }
            if index.predicate.as_ref().is_some_and(|predicate| says(predicate)) {
                index.predicate = None;
            }
        }
        for trigger in &mut table.triggers {
            if trigger.definition.as_ref().is_some_and(|definition| says(definition)) {
                trigger.definition = None;
            }
        }
        hidden.clean(&mut table.comment);
        for text in [&mut table.definition, &mut table.partitioning] {
            if text.as_ref().is_some_and(|text| says(text)) {
                *text = None;
            }
        }
        if table.partition_of.as_ref().is_some_and(|whole| !open.contains(whole)) {
            table.partition_of = None;
        }
        for column in &mut table.columns {
            let Column { default, expression, comment, .. } = column;
            [default, expression, comment].into_iter().for_each(|text| hidden.clean(text));
            if ruling.masked.contains(&column.name) {
                column.masked = true;
                column.default = None;
                column.expression = None;
                if !column.enum_values.is_empty() {
                    // An enum's declaration is the list of its values.
                    column.declared_type = column.r#type.clone();
                    column.enum_values.clear();
                }
            }
        }
    }
}

fn quoted_names(remark: &str) -> impl Iterator<Item = &str> {
    remark.split('`').skip(1).step_by(2)
}
