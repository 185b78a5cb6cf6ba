//! What a column may refer to, judged by metadata alone: names, types, keys, position. A gate before any look at the data.

use serde::{Deserialize, Serialize};

use super::{names, types};
use crate::domain::{Column, Snapshot, Table};

/// Below this a candidate is noise.
const MIN_SCORE: f64 = 0.3;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceCandidate {
    pub schema: String,
    pub table: String,
    pub column: String,
    /// 0 to 1; 1 only for a declared reference.
    pub score: f64,
    pub declared: bool,
    pub signals: Vec<Signal>,
}

/// One thing that speaks for or against, and how much it counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub name: String,
    pub weight: f64,
    pub says: String,
}

/// Best first, ties in order of name; at most `max` of them.
pub fn reference_candidates(snapshot: &Snapshot, child: &Table, column: &Column, max: usize) -> Vec<ReferenceCandidate> {
    let mut found = declared(child, column);
    let child_words = ChildWords::of(snapshot, child, column);
    for parent in &snapshot.tables {
        if parent.kind.is_derived() {
            continue;
        }
        for (key, key_signal) in key_columns(snapshot, parent) {
            let is_itself = same_table(parent, child) && key.name == column.name;
            let known = found.iter().any(|c| c.declared && c.schema == parent.schema && c.table == parent.name && c.column == key.name);
            if is_itself || known {
                continue;
            }
            if let Some(candidate) = judge(snapshot, child, column, &child_words, parent, key, key_signal) {
                found.push(candidate);
            }
        }
    }
    found.sort_by(|left, right| {
        right
            .score
            .total_cmp(&left.score)
            .then_with(|| (&left.schema, &left.table, &left.column).cmp(&(&right.schema, &right.table, &right.column)))
    });
    found.truncate(max);
    found
}

struct ChildWords {
    all: Vec<String>,
    /// Without a prefix that all columns of the table share, as in `o_custkey`.
    bare: Vec<String>,
    /// In how many other tables a column of this name stands.
    shared_by: usize,
}

impl ChildWords {
    fn of(snapshot: &Snapshot, child: &Table, column: &Column) -> Self {
        let all = names::words(&column.name);
        let bare = without_shared_prefix(child, &all);
        let shared_by = snapshot.tables.iter().filter(|table| !same_table(table, child) && table.column(&column.name).is_some()).count();
        Self { all, bare, shared_by }
    }
}

fn declared(child: &Table, column: &Column) -> Vec<ReferenceCandidate> {
    child
        .foreign_keys
        .iter()
        .filter_map(|key| {
            let place = key.columns.iter().position(|name| *name == column.name)?;
            let part = if key.columns.len() > 1 { format!(", part {} of {}", place + 1, key.columns.len()) } else { String::new() };
            Some(ReferenceCandidate {
                schema: key.to_schema.clone(),
                table: key.to_table.clone(),
                column: key.to_columns.get(place)?.clone(),
                score: 1.0,
                declared: true,
                signals: vec![Signal { name: "declared".to_owned(), weight: 1.0, says: format!("a declared foreign key{part}") }],
            })
        })
        .collect()
}

/// The columns that could be referred to: single-column keys, and columns that look like one where none is declared.
fn key_columns<'a>(snapshot: &Snapshot, parent: &'a Table) -> Vec<(&'a Column, Signal)> {
    let mut keys: Vec<(&'a Column, Signal)> = Vec::new();
    let mut add = |name: &str, signal: &str, weight: f64, says: String| {
        if let Some(column) = parent.column(name)
            && keys.iter().all(|(known, _)| known.name != column.name)
        {
            keys.push((column, Signal { name: signal.to_owned(), weight, says }));
        }
    };
    if let [only] = parent.primary_key.as_slice() {
        add(only, "primary_key", 0.25, "the target is a primary key".to_owned());
    }
    for index in parent.indexes.iter().filter(|index| index.unique && index.predicate.is_none()) {
        if let [only] = index.columns.as_slice() {
            add(only, "unique", 0.18, format!("the target is unique by `{}`", index.name));
        }
    }
    if parent.primary_key.is_empty() {
        let own: Vec<&Column> = parent.columns.iter().filter(|column| is_named_as_own_key(parent, column)).collect();
        for column in &own {
            add(&column.name, "key_like", 0.2, "no key is declared; this column is named as the table's own".to_owned());
        }
        // Keys come first, as a rule; but a first column that is named after another table refers to it.
        if let (true, Some(first)) = (own.is_empty(), parent.columns.first())
            && first.r#type != "float"
            && !is_named_after_another(snapshot, parent, first)
        {
            add(&first.name, "key_like", 0.1, "no key is declared; this is the first column".to_owned());
        }
    }
    keys
}

/// `id`, or an identifying word with the table's own name.
fn is_named_as_own_key(table: &Table, column: &Column) -> bool {
    let words = without_shared_prefix(table, &names::words(&column.name));
    let subject = names::subject_words(&words);
    let is_bare = subject.is_empty() && words.len() == 1 && matches!(words[0].as_str(), "id" | "uuid" | "guid" | "oid" | "pk");
    is_bare || (names::is_id_like(&words) && names::similarity(subject, &names::words(&table.name)) > 0.9)
}

fn is_named_after_another(snapshot: &Snapshot, table: &Table, column: &Column) -> bool {
    let words = without_shared_prefix(table, &names::words(&column.name));
    let subject = names::subject_words(&words);
    names::is_id_like(&words)
        && snapshot.tables.iter().any(|other| !same_table(other, table) && names::similarity(subject, &names::words(&other.name)) > 0.9)
}

fn judge(
    snapshot: &Snapshot,
    child: &Table,
    column: &Column,
    words: &ChildWords,
    parent: &Table,
    key: &Column,
    key_signal: Signal,
) -> Option<ReferenceCandidate> {
    let fit = types::compatibility(&column.r#type, &key.r#type);
    if fit == 0.0 {
        return None;
    }
    let mut signals = vec![key_signal];
    let mut say = |name: &str, weight: f64, says: String| signals.push(Signal { name: name.to_owned(), weight, says });
    say("type", 0.15 * (2.0 * fit - 1.0), format!("`{}` against `{}`", column.declared_type, key.declared_type));

    let parent_words = names::words(&parent.name);
    let subject = names::subject_words(&words.bare);
    // Any column of a table is somewhat like it in name; that says nothing of the table to itself.
    let to_table = if same_table(parent, child) { 0.0 } else { names::similarity(subject, &parent_words) };
    if to_table > 0.0 {
        say("name_of_table", 0.45 * to_table, format!("`{}` and `{}` are alike by {to_table:.2}", column.name, parent.name));
    }
    let key_words = names::words(&key.name);
    let bare_key = without_shared_prefix(parent, &key_words);
    // `id` and `name` stand in every table: such a name is a habit, not a hint.
    let is_habit = names::subject_words(&bare_key).is_empty() || words.shared_by > 3 && to_table < 0.5;
    let is_named_alike = !is_habit && (words.all == key_words || words.bare == bare_key);
    let is_role = same_table(parent, child) && names::similarity(&words.bare, &bare_key) > 0.6;
    if is_named_alike {
        say("name_of_key", 0.4, format!("named as the key `{}`", key.name));
    } else if to_table > 0.5 && names::similarity(&words.bare, &[parent_words.as_slice(), bare_key.as_slice()].concat()) > 0.85 {
        say("name_of_both", 0.12, format!("named as `{}` with its key `{}`", parent.name, key.name));
    }
    if names::is_id_like(&words.bare) {
        say("id_like", 0.08, "named as something that refers".to_owned());
    } else if to_table < 0.9 && !is_named_alike && !is_role {
        say("not_id_like", -0.2, "not named as something that refers".to_owned());
    }
    if parent.primary_key.is_empty() && is_named_alike && is_named_after_another(snapshot, parent, key) {
        say("convention", -0.3, "both may refer to a third table of that name".to_owned());
    }
    let is_own_key = match child.primary_key.as_slice() {
        [] => is_named_as_own_key(child, column),
        [only] => *only == column.name,
        _ => false,
    };
    if is_own_key {
        let weight = if to_table > 0.9 || words.all == key_words && !is_habit { -0.05 } else { -0.35 };
        say("own_key", weight, "it is its table's whole key: at most a one-to-one reference".to_owned());
    }
    if child.indexes.iter().any(|index| index.columns.first() == Some(&column.name)) && !is_own_key {
        say("indexed", 0.06, "an index begins with it".to_owned());
    }
    if let (Some(rows), Some(parent_rows)) = (child.row_count, parent.row_count)
        && parent_rows > rows.saturating_mul(4).max(20)
    {
        say("size", -0.05, format!("{parent_rows} rows are referred to by only {rows}"));
    }
    if types::is_time(&column.r#type) || column.r#type == "float" || column.r#type == "boolean" {
        say("kind", -0.3, format!("a {} is seldom a reference", column.r#type));
    }
    let score = signals.iter().map(|signal| signal.weight).sum::<f64>().clamp(0.0, 0.95);
    if score < MIN_SCORE {
        return None;
    }
    let score = (score * 1000.0).round() / 1000.0;
    Some(ReferenceCandidate {
        schema: parent.schema.clone(),
        table: parent.name.clone(),
        column: key.name.clone(),
        score,
        declared: false,
        signals,
    })
}

/// A first word of one to three letters that nearly all columns of the table begin with is its mark, not part of the name.
fn without_shared_prefix(table: &Table, words: &[String]) -> Vec<String> {
    let Some((first, rest)) = words.split_first() else { return Vec::new() };
    if rest.is_empty() || first.len() > 3 || names::KEY_WORDS.contains(&first.as_str()) || table.columns.len() < 3 {
        return words.to_vec();
    }
    let sharing = table
        .columns
        .iter()
        .filter(|column| names::split(&column.name).first().is_some_and(|word| names::singular(word) == *first))
        .count();
    if sharing * 10 >= table.columns.len() * 9 { rest.to_vec() } else { words.to_vec() }
}

fn same_table(left: &Table, right: &Table) -> bool {
    left.schema == right.schema && left.name == right.name
}
