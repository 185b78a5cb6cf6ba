//! The tables of a database among each other: the part that each plays, copies, what a row is called, and which tables belong together.
//!
//! Computed once from the structure and the references that stand. The same tables give the same landscape, in whatever order they come.

mod domains;
mod roles;

use std::collections::HashMap;

use serde::Serialize;

use super::infer::Inference;
use super::names;
use super::natures;
use crate::domain::Table;

pub use roles::Role;

/// Marks of a copy that somebody made.
const COPIES: [&str; 14] =
    ["old", "bak", "backup", "bkp", "tmp", "temp", "copy", "kopie", "copia", "copie", "save", "saved", "orig", "archive"];

#[derive(Debug, Default, Serialize)]
pub struct Landscape {
    pub places: Vec<Place>,
    pub domains: Vec<Domain>,
}

/// Where a table stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// `schema.table`.
    pub table: String,
    pub role: Role,
    /// What speaks for the role.
    pub why: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// The columns to show in place of a row's number.
    pub label: Vec<String>,
    /// From the one that most hangs on, which is 0.
    pub rank: usize,
}

/// Tables that belong together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Domain {
    /// The table that most hangs on.
    pub centre: String,
    pub title: String,
    /// In order of name.
    pub tables: Vec<String>,
}

/// A table as the landscape sees it.
struct Node<'a> {
    table: &'a Table,
    name: String,
    rows: Option<u64>,
    key: Vec<String>,
    /// Columns and the other side's number, of references that stand.
    refers: Vec<(Vec<String>, usize)>,
    referred: Vec<usize>,
    copy_of: Option<usize>,
    label: Vec<String>,
}

impl Landscape {
    /// `rows` is asked by `schema.table` where the structure does not know.
    pub fn of(tables: &[Table], inference: &Inference, rows: &HashMap<String, u64>) -> Self {
        let mut sorted: Vec<&Table> = tables.iter().filter(|table| table.partition_of.is_none()).collect();
        sorted.sort_by_key(|table| table.full_name());
        let nodes = nodes(&sorted, inference, rows);
        let ranks = ranks(&nodes);
        let roles = roles::of(&nodes);
        let place = |(at, (role, why)): (usize, (Role, Vec<String>))| Place {
            table: nodes[at].name.clone(),
            role,
            why,
            copy_of: nodes[at].copy_of.map(|of| nodes[of].name.clone()),
            label: nodes[at].label.clone(),
            rank: ranks[at],
        };
        let places = roles.into_iter().enumerate().map(place).collect();
        Self { places, domains: domains::of(&nodes) }
    }

    pub fn place(&self, table: &str) -> Option<&Place> {
        self.places.binary_search_by(|place| place.table.as_str().cmp(table)).ok().map(|at| &self.places[at])
    }

    pub fn domain_around(&self, table: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.centre == table)
    }

    pub fn domain_of(&self, table: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.tables.iter().any(|member| member == table))
    }
}

fn nodes<'a>(sorted: &[&'a Table], inference: &Inference, rows: &HashMap<String, u64>) -> Vec<Node<'a>> {
    let full: Vec<String> = sorted.iter().map(|table| table.full_name()).collect();
    let at: HashMap<&str, usize> = full.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let copies = copies(sorted);
    let mut nodes: Vec<Node<'_>> = sorted
        .iter()
        .zip(&full)
        .zip(copies)
        .map(|((table, name), copy_of)| Node {
            table,
            name: name.clone(),
            rows: rows.get(name).copied().or(table.row_count),
            key: table.primary_key.clone(),
            refers: Vec::new(),
            referred: Vec::new(),
            copy_of,
            label: label(table),
        })
        .collect();
    for key in &inference.keys {
        if let Some(at) = at.get(format!("{}.{}", key.schema, key.table).as_str()) {
            nodes[*at].key.clone_from(&key.columns);
        }
    }
    for reference in inference.references.iter().filter(|reference| reference.rejected.is_none()) {
        let side = |schema: &str, table: &str| at.get(format!("{schema}.{table}").as_str()).copied();
        let child = side(&reference.child_schema, &reference.child_table);
        if let (Some(child), Some(parent)) = (child, side(&reference.parent_schema, &reference.parent_table)) {
            nodes[child].refers.push((reference.child_columns.clone(), parent));
            nodes[parent].referred.push(child);
        }
    }
    for node in &mut nodes {
        node.refers.sort();
        node.referred.sort_unstable();
    }
    nodes
}

/// What is masked names nothing.
fn label(table: &Table) -> Vec<String> {
    let shown = table.columns.iter().filter(|column| !column.masked);
    natures::label(&table.name, shown.map(|column| (column.name.as_str(), column.r#type.as_str())))
}

/// A table that is marked as a copy by its name and has the columns of another whose name is the rest of its own.
fn copies(sorted: &[&Table]) -> Vec<Option<usize>> {
    let words: Vec<Vec<String>> = sorted.iter().map(|table| names::words(&table.name)).collect();
    let mut by_words: HashMap<(&str, Vec<String>), usize> = HashMap::new();
    for (at, table) in sorted.iter().enumerate() {
        by_words.entry((&table.schema, words[at].clone())).or_insert(at);
    }
    let original = |at: usize| {
        let is_mark = |word: &&String| COPIES.contains(&word.as_str()) || word.chars().all(|sign| sign.is_ascii_digit());
        let (marks, rest): (Vec<&String>, Vec<&String>) = words[at].iter().partition(|word| is_mark(word));
        let is_marked = marks.iter().any(|word| COPIES.contains(&word.as_str()));
        let rest: Vec<String> = rest.into_iter().cloned().collect();
        let of = *by_words.get(&(sorted[at].schema.as_str(), rest)).filter(|_| is_marked)?;
        (of != at && are_alike(sorted[at], sorted[of])).then_some(of)
    };
    (0..sorted.len()).map(original).collect()
}

fn are_alike(one: &Table, other: &Table) -> bool {
    let shared = one.columns.iter().filter(|column| other.column(&column.name).is_some()).count();
    shared >= 2 && shared * 10 >= one.columns.len() * 8 && shared * 10 >= other.columns.len() * 8
}

/// How much hangs on each table; copies, views and what is empty come last.
fn ranks(nodes: &[Node<'_>]) -> Vec<usize> {
    let weight = |node: &Node<'_>| {
        let size = (node.rows.unwrap_or(0) as f64 + 1.0).log10();
        let joined = 2.0 * node.referred.len() as f64 + node.refers.len() as f64;
        let stands_back = node.copy_of.is_some() || node.table.kind.is_derived() || node.rows == Some(0);
        if stands_back { -1.0 } else { joined + size / 2.0 }
    };
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by(|one, other| weight(&nodes[*other]).total_cmp(&weight(&nodes[*one])).then(one.cmp(other)));
    let mut ranks = vec![0; nodes.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = rank;
    }
    ranks
}

#[cfg(test)]
mod tests;
