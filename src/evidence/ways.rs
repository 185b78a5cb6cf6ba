//! Ways from a table to what its rows belong to, over references that many rows share and one row has: no row is counted twice on them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::infer::InferredReference;
use super::landscape::Landscape;

/// Less sure references are not gone over without being asked.
const SURE: f64 = 0.6;
/// References of one table that are looked at, and ways that are told.
const MOST_REFERENCES: usize = 12;
const MOST_WAYS: usize = 8;

/// One or two joins to a table whose rows have a name that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    pub joins: Vec<Join>,
    /// `schema.table` at its end.
    pub table: String,
    /// The columns that say what a row of it is called.
    pub label: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    pub key: String,
    pub columns: Vec<String>,
    pub table: String,
    pub to_columns: Vec<String>,
}

/// Where each table refers to, by `schema.table`.
pub fn outgoing<'r>(references: impl Iterator<Item = &'r InferredReference>) -> HashMap<String, Vec<&'r InferredReference>> {
    let mut outgoing: HashMap<String, Vec<&InferredReference>> = HashMap::new();
    for reference in references.filter(|reference| reference.declared || reference.confidence >= SURE) {
        outgoing.entry(format!("{}.{}", reference.child_schema, reference.child_table)).or_default().push(reference);
    }
    outgoing
}

/// The shortest first, then in order of keys; never back to where one was.
pub fn from(table: &str, outgoing: &HashMap<String, Vec<&InferredReference>>, landscape: &Landscape) -> Vec<Way> {
    let mut found: Vec<Way> = Vec::new();
    let mut farther: Vec<Way> = Vec::new();
    for first in joins(table, outgoing) {
        if first.table == table {
            continue;
        }
        for second in joins(&first.table, outgoing) {
            if second.table != table && second.table != first.table {
                farther.extend(way(vec![first.clone(), second], landscape));
            }
        }
        found.extend(way(vec![first], landscape));
    }
    // A way round to what is reached directly says the same again, or something else under the same name.
    farther.retain(|way| !found.iter().any(|direct| direct.table == way.table));
    found.extend(farther);
    found.truncate(MOST_WAYS);
    found
}

fn joins(table: &str, outgoing: &HashMap<String, Vec<&InferredReference>>) -> Vec<Join> {
    let references = outgoing.get(table).map(Vec::as_slice).unwrap_or_default();
    let mut joins: Vec<Join> = references
        .iter()
        .map(|reference| Join {
            key: reference.key(),
            columns: reference.child_columns.clone(),
            table: format!("{}.{}", reference.parent_schema, reference.parent_table),
            to_columns: reference.parent_columns.clone(),
        })
        .collect();
    joins.sort_by(|one, other| one.key.cmp(&other.key));
    joins.truncate(MOST_REFERENCES);
    joins
}

fn way(joins: Vec<Join>, landscape: &Landscape) -> Option<Way> {
    let table = joins.last()?.table.clone();
    let label = landscape.place(&table)?.label.clone();
    (!label.is_empty()).then_some(Way { joins, table, label })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::landscape::{Place, Role};

    fn reference(child: &str, column: &str, parent: &str, confidence: f64) -> InferredReference {
        InferredReference {
            child_schema: "main".to_owned(),
            child_table: child.to_owned(),
            child_columns: vec![column.to_owned()],
            parent_schema: "main".to_owned(),
            parent_table: parent.to_owned(),
            parent_columns: vec!["id".to_owned()],
            confidence,
            signals: Vec::new(),
            declared: false,
            compared: 0,
            missing: 0,
            sentinels: 0,
            child_rows: 0,
            rejected: None,
        }
    }

    #[test]
    fn ways_lead_to_what_has_a_name_and_never_back() {
        let references = [
            reference("items", "order_id", "orders", 0.9),
            reference("items", "product_id", "products", 0.9),
            reference("items", "shelf_id", "shelves", 0.3),
            reference("orders", "customer_id", "customers", 0.9),
            reference("products", "category_id", "categories", 0.9),
            reference("categories", "parent_id", "categories", 0.9),
        ];
        let named = ["categories", "customers", "products", "shelves"];
        let place = |table: &&str| Place {
            table: format!("main.{table}"),
            role: Role::Entity,
            why: Vec::new(),
            copy_of: None,
            label: vec!["name".to_owned()],
            rank: 0,
        };
        let landscape = Landscape { places: named.iter().map(place).collect(), domains: Vec::new() };
        let outgoing = outgoing(references.iter());
        let reached = |table: &str| {
            let ways = from(table, &outgoing, &landscape);
            ways.into_iter().map(|way| (way.table.replace("main.", ""), way.joins.len())).collect::<Vec<_>>()
        };
        let hops = |ways: &[(&str, usize)]| ways.iter().map(|(table, joins)| ((*table).to_owned(), *joins)).collect::<Vec<_>>();
        assert_eq!(reached("main.items"), hops(&[("products", 1), ("customers", 2), ("categories", 2)]));
        assert_eq!(reached("main.categories"), hops(&[]));
    }
}
