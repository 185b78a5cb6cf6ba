//! What is true of a database by design, and what follows from it; written in the form that scoring reads.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value as Json, json};

use super::{MessyDatabase, Value};

#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub primary_keys: BTreeMap<String, Vec<String>>,
    pub foreign_keys: Vec<ForeignKey>,
    /// Chains and projections of the above, denormalised copies, and what is true of copied tables: no mistake, and not asked for.
    pub implied_foreign_keys: Vec<ForeignKey>,
    /// References to one of several tables, by a name beside the key.
    pub polymorphic: Vec<Polymorphic>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    pub child_table: String,
    pub child_columns: Vec<String>,
    pub parent_table: String,
    pub parent_columns: Vec<String>,
    /// At most this share of its rows leads nowhere.
    pub stray_share: f64,
}

#[derive(Clone, Debug)]
pub struct Polymorphic {
    pub table: String,
    pub name_column: String,
    pub key_column: String,
    pub parents: Vec<String>,
}

/// How a reference stands in the data.
pub struct Standing {
    pub rows: usize,
    pub matching: usize,
    pub distinct: usize,
    pub parent_distinct: usize,
}

type Ends = (String, BTreeSet<(String, String)>, String);

impl ForeignKey {
    fn ends(&self) -> Ends {
        let pairs = self.child_columns.iter().cloned().zip(self.parent_columns.iter().cloned()).collect();
        (self.child_table.clone(), pairs, self.parent_table.clone())
    }

    fn json(&self) -> Json {
        json!({"child_table": self.child_table, "child_columns": self.child_columns,
            "parent_table": self.parent_table, "parent_columns": self.parent_columns})
    }

    /// What follows from this reference and one of its parent's: the child refers to the grandparent, too.
    fn followed_by(&self, next: &Self) -> Option<Self> {
        let ours =
            |theirs: &String| self.parent_columns.iter().position(|column| column == theirs).map(|at| self.child_columns[at].clone());
        let child_columns: Option<Vec<String>> = next.child_columns.iter().map(ours).collect();
        (self.parent_table == next.child_table).then_some(())?;
        Some(Self { child_columns: child_columns?, child_table: self.child_table.clone(), stray_share: 1.0, ..next.clone() })
    }

    fn is_of_itself(&self) -> bool {
        self.child_table == self.parent_table && self.child_columns.iter().any(|column| self.parent_columns.contains(column))
    }
}

impl Truth {
    /// Adds all chains, however long.
    pub fn follow(&mut self) {
        let mut known: HashSet<Ends> = self.foreign_keys.iter().map(ForeignKey::ends).collect();
        self.implied_foreign_keys.retain(|implied| known.insert(implied.ends()));
        loop {
            let all = || self.foreign_keys.iter().chain(&self.implied_foreign_keys);
            let chains = all().flat_map(|first| self.foreign_keys.iter().filter_map(|next| first.followed_by(next)));
            let new: Vec<ForeignKey> = chains.filter(|chain| !chain.is_of_itself() && known.insert(chain.ends())).collect();
            if new.is_empty() {
                break;
            }
            self.implied_foreign_keys.extend(new);
        }
    }
}

impl MessyDatabase {
    /// Rows without NULL in their part of the reference, and those that have a parent.
    pub fn standing(&self, reference: &ForeignKey) -> Standing {
        let child = self.tuples(&reference.child_table, &reference.child_columns);
        let parent: HashSet<Vec<String>> = self.tuples(&reference.parent_table, &reference.parent_columns).into_iter().collect();
        let matching = child.iter().filter(|tuple| parent.contains(*tuple)).count();
        let distinct = child.iter().collect::<HashSet<_>>().len();
        Standing { rows: child.len(), matching, distinct, parent_distinct: parent.len() }
    }

    /// The values of some columns as text, without rows in which one is NULL.
    pub fn tuples(&self, table: &str, columns: &[String]) -> Vec<Vec<String>> {
        let table = self.tables.iter().find(|other| other.name == table).expect("the truth names tables that are there");
        let place = |name: &String| table.columns.iter().position(|column| column.name == *name).expect("and columns that are there");
        let places: Vec<usize> = columns.iter().map(place).collect();
        let full = table.rows.iter().filter(|row| places.iter().all(|at| row[*at] != Value::Null));
        full.map(|row| places.iter().map(|at| row[*at].text()).collect()).collect()
    }

    pub fn truth_json(&self) -> Json {
        let foreign_keys = self.truth.foreign_keys.iter().map(|reference| {
            let found = self.standing(reference);
            let share = (found.rows > 0).then(|| found.matching as f64 / found.rows as f64);
            let mut json = reference.json();
            json["child_rows_nonnull"] = json!(found.rows);
            json["child_distinct"] = json!(found.distinct);
            json["parent_distinct"] = json!(found.parent_distinct);
            json["containment"] = json!(share);
            json["evidenced"] = json!(share.is_some_and(|share| share >= 0.5));
            json
        });
        let evidence = self.truth.primary_keys.iter().map(|(table, columns)| {
            let tuples = self.tuples(table, columns);
            let distinct = tuples.iter().collect::<HashSet<_>>().len();
            (table.clone(), json!({"rows": tuples.len(), "unique": distinct == tuples.len()}))
        });
        let polymorphic = self
            .truth
            .polymorphic
            .iter()
            .map(|of| json!({"table": of.table, "name_column": of.name_column, "key_column": of.key_column, "parents": of.parents}));
        json!({
            "database": self.name,
            "primary_keys": self.truth.primary_keys,
            "foreign_keys": foreign_keys.collect::<Vec<_>>(),
            "implied_foreign_keys": self.truth.implied_foreign_keys.iter().map(ForeignKey::json).collect::<Vec<_>>(),
            "polymorphic": polymorphic.collect::<Vec<_>>(),
            "pk_evidence": evidence.collect::<serde_json::Map<_, _>>(),
            "traits": self.traits,
        })
    }
}
