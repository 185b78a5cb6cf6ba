//! The part that a table plays, by its key, its references, its columns, its size and its name; each with the reasons.

use serde::Serialize;

use super::Node;
use crate::evidence::natures::{self, Measure, has_word};

/// More rows than this are no list of what there is to choose from.
const LOOKUP_ROWS: u64 = 1_000;
const LOOKUP_COLUMNS: usize = 6;
/// From so many tables around one on, it is the middle of a star.
const STAR: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    View,
    Empty,
    Copy,
    Bridge,
    Log,
    Configuration,
    Lookup,
    Fact,
    Dimension,
    Entity,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Empty => "empty",
            Self::Copy => "copy",
            Self::Bridge => "bridge",
            Self::Log => "log",
            Self::Configuration => "configuration",
            Self::Lookup => "lookup",
            Self::Fact => "fact",
            Self::Dimension => "dimension",
            Self::Entity => "entity",
        }
    }
}

/// In the order of the nodes.
pub fn of(nodes: &[Node<'_>]) -> Vec<(Role, Vec<String>)> {
    let mut roles: Vec<(Role, Vec<String>)> = (0..nodes.len()).map(|at| by_itself(nodes, at)).collect();
    for at in 0..nodes.len() {
        let facts: Vec<usize> = others(&nodes[at].referred, at).into_iter().filter(|child| roles[*child].0 == Role::Fact).collect();
        let is_middle = |child: &usize| parents(nodes, *child).len() >= STAR && nodes[*child].referred.is_empty();
        let refers_to_nothing = parents(nodes, at).is_empty();
        if roles[at].0 == Role::Entity
            && refers_to_nothing
            && facts.len() == others(&nodes[at].referred, at).len()
            && facts.iter().any(is_middle)
        {
            roles[at] = (Role::Dimension, vec![format!("facts are counted by it: {}", nodes[facts[0]].table.name)]);
        }
    }
    roles
}

fn by_itself(nodes: &[Node<'_>], at: usize) -> (Role, Vec<String>) {
    let node = &nodes[at];
    let name = node.table.name.as_str();
    let columns = &node.table.columns;
    let parents = parents(nodes, at);
    let children = others(&node.referred, at);
    let refers = |column: &str| node.refers.iter().any(|(own, _)| own.iter().any(|name| name == column));
    let free = columns.iter().filter(|column| !refers(&column.name) && !node.key.contains(&column.name));
    let adds = || {
        let sums = free.clone().filter(|column| natures::measure(&column.name, &column.r#type) == Some(Measure::Adds));
        sums.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let times = || {
        let times =
            columns.iter().filter(|column| natures::is_time(&column.name, &column.r#type) && !natures::is_housekeeping(&column.name));
        times.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let says = |role: Role, why: &[String]| (role, why.to_vec());
    if node.table.kind.is_derived() {
        return says(Role::View, &["it is computed from other tables".to_owned()]);
    }
    if let Some(of) = node.copy_of {
        return says(Role::Copy, &[format!("named as a copy, with the columns of `{}`", nodes[of].table.name)]);
    }
    if node.rows == Some(0) {
        return says(Role::Empty, &["it has no row".to_owned()]);
    }
    let key_refers = !node.key.is_empty() && node.key.iter().all(|column| refers(column));
    let beside = free.clone().filter(|column| !natures::is_housekeeping(&column.name)).count();
    if key_refers && node.key.len() >= 2 && parents.len() >= 2 && beside <= 2 && adds().is_empty() {
        return says(Role::Bridge, &[format!("its key {} refers to {} tables", node.key.join(", "), parents.len())]);
    }
    if has_word(name, &["config", "configuration", "setting", "settings", "parameter", "parameters", "preferences", "option", "options"])
        && children.is_empty()
    {
        return says(Role::Configuration, &["by its name".to_owned()]);
    }
    if node.rows == Some(1) && children.is_empty() && columns.len() >= 3 {
        return says(Role::Configuration, &["one row, and nothing refers to it".to_owned()]);
    }
    let named_log = has_word(name, &["audit", "event", "events", "history", "journal", "log", "logs", "trace"]);
    if named_log && children.is_empty() && !times().is_empty() {
        return says(Role::Log, &["by its name".to_owned(), format!("each row has a time: {}", times().join(", "))]);
    }
    if named_star(name, &["dim", "dimension"]) {
        return says(Role::Dimension, &["by its name".to_owned()]);
    }
    if named_star(name, &["fact", "fct"]) {
        return says(Role::Fact, &["by its name".to_owned()]);
    }
    let is_small = node.rows.is_none_or(|rows| rows <= LOOKUP_ROWS) && columns.len() <= LOOKUP_COLUMNS;
    if parents.is_empty() && is_small && !children.is_empty() && times().is_empty() && adds().is_empty() {
        let few = node.rows.map_or_else(String::new, |rows| format!(" and {rows} rows"));
        return says(Role::Lookup, &[format!("{} columns{few}; {} refer to it", columns.len(), children.len())]);
    }
    let happens = !times().is_empty() || !adds().is_empty();
    if !parents.is_empty() && happens && node.label.is_empty() {
        let mut why = vec![format!("refers to {}", tables(nodes, &parents))];
        why.extend((!times().is_empty()).then(|| format!("has a time: {}", times().join(", "))));
        why.extend((!adds().is_empty()).then(|| format!("has amounts: {}", adds().join(", "))));
        return says(Role::Fact, &why);
    }
    if node.key.is_empty() && children.is_empty() && parents.is_empty() && !times().is_empty() && node.label.is_empty() {
        return says(Role::Log, &["nothing identifies a row, and each has a time".to_owned()]);
    }
    let mut why = Vec::new();
    why.extend((!node.key.is_empty()).then(|| format!("identified by {}", node.key.join(", "))));
    why.extend((!node.label.is_empty()).then(|| format!("called by {}", node.label.join(", "))));
    why.extend((!children.is_empty()).then(|| format!("referred to by {}", tables(nodes, &children))));
    says(Role::Entity, &why)
}

fn named_star(name: &str, marks: &[&str]) -> bool {
    let words = crate::evidence::names::split(name);
    words.len() > 1 && words.first().into_iter().chain(words.last()).any(|word| marks.contains(&word.as_str()))
}

fn parents(nodes: &[Node<'_>], at: usize) -> Vec<usize> {
    others(&nodes[at].refers.iter().map(|(_, parent)| *parent).collect::<Vec<_>>(), at)
}

/// Each once, without the table itself.
fn others(tables: &[usize], at: usize) -> Vec<usize> {
    let mut others: Vec<usize> = tables.iter().copied().filter(|other| *other != at).collect();
    others.sort_unstable();
    others.dedup();
    others
}

fn tables(nodes: &[Node<'_>], listed: &[usize]) -> String {
    let mut names: Vec<&str> = listed.iter().map(|at| nodes[*at].table.name.as_str()).collect();
    names.truncate(4);
    names.join(", ")
}
