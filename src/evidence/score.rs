//! How well keys and references were found, where the truth is known. Pure: a truth and a finding in, figures out.
//!
//! Names are compared without case, a key as a set of columns, a reference as a set of pairs of columns. Strict: all that is true counts,
//! and all else is a false alarm. Lenient: what the data cannot show is not asked for, and what follows from the truth is no false alarm.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What is true of a database.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Truth {
    pub primary_keys: BTreeMap<String, Vec<String>>,
    pub foreign_keys: Vec<TrueReference>,
    /// Neither asked for nor wrong, such as the chain of two references.
    #[serde(default)]
    pub implied_foreign_keys: Vec<Reference>,
    #[serde(default)]
    pub pk_evidence: BTreeMap<String, KeyEvidence>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct TrueReference {
    #[serde(flatten)]
    pub ends: Reference,
    /// Whether the data show it: its columns are not all empty, and most of their rows have a parent.
    #[serde(default = "yes")]
    pub evidenced: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct KeyEvidence {
    pub rows: u64,
}

/// What was found.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Found {
    #[serde(default)]
    pub primary_keys: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub foreign_keys: Vec<Reference>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    pub child_table: String,
    pub child_columns: Vec<String>,
    pub parent_table: String,
    pub parent_columns: Vec<String>,
}

/// What was found and is true, found and not true, true and not found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    pub hits: usize,
    pub false_alarms: usize,
    pub misses: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Views {
    pub strict: Tally,
    pub lenient: Tally,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    pub primary_keys: Views,
    pub foreign_keys: Views,
    /// References of several columns that the data show: how many of them were found, of how many.
    pub composite_found: usize,
    pub composite_true: usize,
    pub errors: Errors,
}

/// In the strict view, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Errors {
    pub keys: Vec<String>,
    pub missed_references: Vec<String>,
    pub false_references: Vec<String>,
}

type Columns = BTreeSet<String>;

/// A reference in the form in which two are compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ends {
    child: String,
    parent: String,
    pairs: BTreeSet<(String, String)>,
}

pub fn score(found: &Found, truth: &Truth) -> Score {
    let (primary_keys, keys) = score_keys(found, truth);
    let ends = |references: &[Reference]| references.iter().map(Ends::of).collect::<BTreeSet<_>>();
    let (known, implied) = (ends(&found.foreign_keys), ends(&truth.implied_foreign_keys));
    let all: BTreeSet<Ends> = truth.foreign_keys.iter().map(|reference| Ends::of(&reference.ends)).collect();
    let unshown = truth.foreign_keys.iter().filter(|reference| !reference.evidenced);
    let unshown: BTreeSet<Ends> = unshown.map(|reference| Ends::of(&reference.ends)).collect();
    let shown: BTreeSet<Ends> = all.difference(&unshown).cloned().collect();
    let strangers = || known.difference(&all);
    let strict =
        Tally { hits: known.intersection(&all).count(), false_alarms: strangers().count(), misses: all.difference(&known).count() };
    let lenient = Tally {
        hits: known.intersection(&shown).count(),
        false_alarms: strangers().filter(|ends| !implied.contains(*ends)).count(),
        misses: shown.difference(&known).count(),
    };
    let composite = || shown.iter().filter(|ends| ends.pairs.len() > 1);
    Score {
        primary_keys,
        foreign_keys: Views { strict, lenient },
        composite_found: composite().filter(|ends| known.contains(*ends)).count(),
        composite_true: composite().count(),
        errors: Errors {
            keys,
            missed_references: all.difference(&known).map(Ends::words).collect(),
            false_references: strangers().map(Ends::words).collect(),
        },
    }
}

fn score_keys(found: &Found, truth: &Truth) -> (Views, Vec<String>) {
    let (known, all) = (keys(&found.primary_keys), keys(&truth.primary_keys));
    let evidence = truth.pk_evidence.iter();
    let empty: BTreeSet<String> = evidence.filter(|(_, evidence)| evidence.rows == 0).map(|(table, _)| table.to_lowercase()).collect();
    let is_hit = |table: &String| all.contains_key(table) && all.get(table) == known.get(table);
    let is_shown = |table: &&String| !empty.contains(*table);
    let wrong = || known.keys().filter(|table| !is_hit(table));
    let missed = || all.keys().filter(|table| !is_hit(table));
    let hits = || all.keys().filter(|table| is_hit(table));
    let strict = Tally { hits: hits().count(), false_alarms: wrong().count(), misses: missed().count() };
    let lenient = Tally {
        hits: hits().filter(is_shown).count(),
        // Where no key is declared, the one that was found may well be one.
        false_alarms: wrong().filter(is_shown).filter(|table| all.contains_key(*table)).count(),
        misses: missed().filter(is_shown).count(),
    };
    let tables: BTreeSet<&String> = wrong().chain(missed()).collect();
    let words = |columns: Option<&Columns>| columns.map_or("none".to_owned(), |columns| listed(columns.iter()));
    let errors = tables.into_iter().map(|table| format!("{table}: found {}, true {}", words(known.get(table)), words(all.get(table))));
    (Views { strict, lenient }, errors.collect())
}

fn keys(of_tables: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Columns> {
    let named = of_tables.iter().filter(|(_, columns)| !columns.is_empty());
    named.map(|(table, columns)| (table.to_lowercase(), columns.iter().map(|column| column.to_lowercase()).collect())).collect()
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    format!("({})", names.map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn yes() -> bool {
    true
}

impl Ends {
    fn of(reference: &Reference) -> Self {
        let pairs = reference.child_columns.iter().zip(&reference.parent_columns);
        Self {
            child: reference.child_table.to_lowercase(),
            parent: reference.parent_table.to_lowercase(),
            pairs: pairs.map(|(child, parent)| (child.to_lowercase(), parent.to_lowercase())).collect(),
        }
    }

    fn words(&self) -> String {
        let children = listed(self.pairs.iter().map(|(child, _)| child));
        let parents = listed(self.pairs.iter().map(|(_, parent)| parent));
        format!("{}{children} → {}{parents}", self.child, self.parent)
    }
}

impl Tally {
    /// Who finds nothing where there is nothing has made no mistake.
    pub fn rates(self) -> Rates {
        let found = self.hits + self.false_alarms;
        let wanted = self.hits + self.misses;
        let share = |of: usize| self.hits as f64 / of as f64;
        let precision = match (found, self.misses) {
            (0, 0) => 1.0,
            (0, _) => 0.0,
            _ => share(found),
        };
        let recall = if wanted == 0 { 1.0 } else { share(wanted) };
        let sum = precision + recall;
        Rates { precision, recall, f1: if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 } }
    }
}

/// Each database counts the same, however large.
pub fn mean(rates: &[Rates]) -> Rates {
    let of = |part: fn(&Rates) -> f64| if rates.is_empty() { 0.0 } else { rates.iter().map(part).sum::<f64>() / rates.len() as f64 };
    Rates { precision: of(|rates| rates.precision), recall: of(|rates| rates.recall), f1: of(|rates| rates.f1) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reference(child: &str, parent: &str) -> serde_json::Value {
        let end = |text: &str| {
            let (table, columns) = text.split_once('.').unwrap();
            (table.to_owned(), columns.split('+').map(str::to_owned).collect::<Vec<_>>())
        };
        let ((child_table, child_columns), (parent_table, parent_columns)) = (end(child), end(parent));
        json!({"child_table": child_table, "child_columns": child_columns, "parent_table": parent_table, "parent_columns": parent_columns})
    }

    fn scored(found: serde_json::Value, truth: serde_json::Value) -> Score {
        score(&serde_json::from_value(found).unwrap(), &serde_json::from_value(truth).unwrap())
    }

    fn tally(hits: usize, false_alarms: usize, misses: usize) -> Tally {
        Tally { hits, false_alarms, misses }
    }

    #[test]
    fn references_are_counted_as_by_hand() {
        let mut empty = reference("log.user_id", "users.id");
        empty["evidenced"] = json!(false);
        let truth = json!({
            "primary_keys": {},
            "foreign_keys": [reference("items.order_id", "orders.id"), reference("orders.customer_id", "customers.id"), empty],
            "implied_foreign_keys": [reference("items.customer_id", "customers.id")],
        });
        let found = json!({"foreign_keys": [
            reference("items.order_id", "orders.id"),
            reference("items.customer_id", "customers.id"),
            reference("items.quantity", "orders.id"),
        ]});
        let score = scored(found, truth);
        assert_eq!(score.foreign_keys.strict, tally(1, 2, 2));
        assert_eq!(score.foreign_keys.lenient, tally(1, 1, 1));
        let rates = score.foreign_keys.strict.rates();
        assert!(
            (rates.precision - 1.0 / 3.0).abs() < 1e-12 && (rates.recall - 1.0 / 3.0).abs() < 1e-12 && (rates.f1 - 1.0 / 3.0).abs() < 1e-12
        );
        assert_eq!(score.foreign_keys.lenient.rates(), Rates { precision: 0.5, recall: 0.5, f1: 0.5 });
        assert_eq!(score.errors.missed_references, ["log(user_id) → users(id)", "orders(customer_id) → customers(id)"]);
        assert_eq!(score.errors.false_references, ["items(customer_id) → customers(id)", "items(quantity) → orders(id)"]);
    }

    #[test]
    fn what_the_data_cannot_show_may_be_found_all_the_same() {
        let mut empty = reference("log.user_id", "users.id");
        empty["evidenced"] = json!(false);
        let truth = json!({"primary_keys": {}, "foreign_keys": [empty]});
        let score = scored(json!({"foreign_keys": [reference("log.user_id", "users.id")]}), truth);
        assert_eq!((score.foreign_keys.strict, score.foreign_keys.lenient), (tally(1, 0, 0), tally(0, 0, 0)));
    }

    #[test]
    fn pairs_matter_and_their_order_and_case_do_not() {
        let truth = json!({"primary_keys": {}, "foreign_keys": [reference("a.x+y", "b.u+v")]});
        let of = |child, parent| {
            let score = scored(json!({"foreign_keys": [reference(child, parent)]}), truth.clone());
            (score.foreign_keys.strict, score.composite_found, score.composite_true)
        };
        assert_eq!(of("A.Y+x", "B.V+u"), (tally(1, 0, 0), 1, 1));
        assert_eq!(of("a.x+y", "b.v+u"), (tally(0, 1, 1), 0, 1));
        assert_eq!(of("a.x", "b.u"), (tally(0, 1, 1), 0, 1));
        assert_eq!(of("b.u+v", "a.x+y"), (tally(0, 1, 1), 0, 1));
    }

    #[test]
    fn what_is_found_twice_counts_once() {
        let truth = json!({"primary_keys": {}, "foreign_keys": [reference("a.x", "b.id")]});
        let found = json!({"foreign_keys": [reference("a.x", "b.id"), reference("A.X", "B.ID"), reference("a.y", "b.id"), reference("a.y", "b.id")]});
        assert_eq!(scored(found, truth).foreign_keys.strict, tally(1, 1, 0));
    }

    #[test]
    fn keys_are_counted_as_by_hand() {
        let truth = json!({
            "primary_keys": {"orders": ["id"], "items": ["order_id", "line"], "nothing": ["id"], "people": ["id"]},
            "foreign_keys": [],
            "pk_evidence": {"nothing": {"rows": 0, "unique": true}, "orders": {"rows": 5, "unique": true}},
        });
        // Found: one right whatever the order of columns, one wrong, one without a declared key, one empty; `people` is missed.
        let found = json!({"primary_keys": {"Items": ["LINE", "ORDER_ID"], "orders": ["number"], "log": ["at"], "nothing": ["name"], "people": []}});
        let score = scored(found, truth);
        assert_eq!(score.primary_keys.strict, tally(1, 3, 3));
        assert_eq!(score.primary_keys.lenient, tally(1, 1, 2));
        assert_eq!(score.errors.keys.len(), 4);
        assert_eq!(score.errors.keys[0], "log: found (at), true none");
    }

    #[test]
    fn empty_sets_have_rates_too() {
        let rates = |hits, false_alarms, misses| tally(hits, false_alarms, misses).rates();
        assert_eq!(rates(0, 0, 0), Rates { precision: 1.0, recall: 1.0, f1: 1.0 });
        assert_eq!(rates(0, 0, 3), Rates { precision: 0.0, recall: 0.0, f1: 0.0 });
        assert_eq!(rates(0, 3, 0), Rates { precision: 0.0, recall: 1.0, f1: 0.0 });
        assert_eq!(mean(&[]), Rates::default());
        assert_eq!(mean(&[rates(0, 0, 0), rates(0, 0, 3)]), Rates { precision: 0.5, recall: 0.5, f1: 0.5 });
    }
}
