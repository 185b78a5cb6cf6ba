//! Which columns are a table's key, chosen among those that are unique by more than being unique.

use std::collections::HashMap;

use super::super::sketch::Class;
use super::naming::Naming;
use super::subject::{Place, Subject};

#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub columns: Vec<usize>,
    /// A logarithm of odds, as for references.
    pub weight: f64,
    pub why: Vec<(String, f64)>,
}

/// Below this a unique column is a unique column and no key.
pub const ACCEPTED: f64 = 0.0;

/// The weight of what the database itself says.
pub const DECLARED: f64 = 20.0;

/// What seems to refer to what, which speaks for and against keys.
#[derive(Default)]
pub struct Support {
    /// How strongly columns of other tables seem to refer to a column, added up.
    pub used: HashMap<Place, f64>,
    /// How surely a column refers elsewhere, alone or with others.
    pub refers: HashMap<Place, f64>,
    /// Of each table, columns that refer together.
    pub together: Vec<Vec<Vec<usize>>>,
}

impl Support {
    pub fn used(&self, place: Place) -> f64 {
        self.used.get(&place).copied().unwrap_or(0.0)
    }

    pub fn refers(&self, place: Place) -> f64 {
        self.refers.get(&place).copied().unwrap_or(0.0)
    }
}

pub fn weigh_key(subjects: &[Subject<'_>], naming: &Naming, support: &Support, table: usize, columns: &[usize]) -> Key {
    let subject = &subjects[table];
    let mut why: Vec<(String, f64)> = Vec::new();
    let mut say = |what: &str, weight: f64| {
        if weight != 0.0 {
            why.push((what.to_owned(), weight));
        }
    };
    let rows = subject.rows;
    say("unique", if rows < 5 { -0.5 } else { 0.3 });
    match columns {
        [column] => {
            let place = Place { table, column: *column };
            let traits = &subject.traits[*column];
            let own = naming.own(place);
            say("named as the table's own", if own >= 0.9 { 3.0 } else { 1.5 * own });
            if naming.is_id_like(place) && own < 0.9 {
                say("named as an identifier", 0.7);
            }
            say(
                "position",
                match column {
                    0 => 1.8,
                    1 => 0.2,
                    2 => -0.4,
                    _ => -0.8,
                },
            );
            if traits.is_rising && traits.class == Class::Integer {
                say("rises with the rows", 0.6);
            }
            if traits.density().is_some_and(|density| density > 0.95) && rows > 4 {
                say("numbers without gaps", 0.8);
            }
            let refers = support.refers(place);
            if own < 0.9 && refers > 0.5 {
                say("the key of another table", 0.5 * refers);
            }
            say("used by others", (1.6 * (1.0 + support.used(place)).ln()).min(4.5));
        }
        _ => {
            say("several columns", -0.8 * (columns.len() as f64 - 1.0));
            let is_prefix = columns.iter().all(|column| *column < columns.len());
            say(
                "the first columns",
                if is_prefix {
                    2.0
                } else if columns.contains(&0) {
                    0.3
                } else {
                    0.0
                },
            );
            let first = columns.iter().min().copied().unwrap_or(0);
            let last = columns.iter().max().copied().unwrap_or(0);
            if last - first + 1 == columns.len() && !is_prefix {
                say("beside each other", 0.3);
            }
            let referring: f64 = columns.iter().map(|column| support.refers(Place { table, column: *column }).clamp(0.0, 1.0)).sum();
            say("its parts refer", 1.5 * referring / columns.len() as f64);
            let is_rest_time = (0..subject.traits.len())
                .filter(|column| !columns.contains(column))
                .all(|column| subject.traits[column].class == Class::Time);
            if is_rest_time && referring > columns.len() as f64 - 0.5 {
                say("a table of nothing but references", 3.0);
            }
            let named: f64 = columns.iter().map(|column| f64::from(u8::from(naming.is_id_like(Place { table, column: *column })))).sum();
            if named + referring < 0.5 {
                say("none of its parts identifies", -1.5);
            }
            say("named as identifiers", 0.8 * named / columns.len() as f64);
        }
    }
    let is_split = |together: &Vec<usize>| {
        together.iter().any(|column| columns.contains(column)) && !together.iter().all(|column| columns.contains(column))
    };
    let is_own = columns.len() == 1 && naming.own(Place { table, column: columns[0] }) >= 0.9;
    if !is_own && support.together[table].iter().any(is_split) {
        say("splits what refers together", -1.5);
    }
    for column in columns {
        let traits = &subject.traits[*column];
        let share = 1.0 / columns.len() as f64;
        say(
            "kind",
            match traits.class {
                Class::Integer | Class::Digits => 0.3 * share,
                Class::Text if traits.prose > 0.3 || traits.mean_length > 40.0 => -2.5,
                Class::Text if traits.mean_length > 20.0 => -0.7 * share,
                Class::Text => 0.0,
                Class::Time => {
                    if columns.len() > 1 {
                        -0.4
                    } else {
                        -2.5
                    }
                }
                Class::Fraction | Class::Boolean | Class::Other => -3.0,
                Class::Nothing => -4.0,
            },
        );
        if traits.nulls > 0 {
            say("has NULLs", -4.0);
        }
    }
    let weight = why.iter().map(|(_, weight)| weight).sum();
    Key { columns: columns.to_vec(), weight, why }
}

/// The key that the table was declared with.
pub fn declared(subject: &Subject<'_>) -> Option<Key> {
    let place = |name: &String| subject.table.columns.iter().position(|column| column.name == *name);
    let columns: Vec<usize> = subject.table.primary_key.iter().map(place).collect::<Option<_>>()?;
    (!columns.is_empty()).then(|| Key { columns, weight: DECLARED, why: vec![("declared".to_owned(), DECLARED)] })
}

/// A table without rows has only names to go by.
pub fn of_empty(subject: &Subject<'_>, naming: &Naming, table: usize) -> Option<Key> {
    if subject.rows > 0 {
        return None;
    }
    let place = |column: usize| Place { table, column };
    let columns: Vec<usize> = match (0..subject.traits.len()).find(|column| naming.own(place(*column)) >= 0.9) {
        Some(own) => vec![own],
        None if naming.own(place(0)) >= 0.5 && (1..subject.traits.len()).all(|column| !naming.is_id_like(place(column))) => vec![0],
        None if naming.is_id_like(place(0)) && subject.traits.len() > 1 && !naming.is_id_like(place(1)) => vec![0],
        None => {
            let named: Vec<usize> = (0..subject.traits.len()).filter(|column| naming.is_id_like(place(*column))).collect();
            if named.len() == subject.traits.len() && named.len() > 1 { named } else { return None }
        }
    };
    Some(Key { columns, weight: 0.1, why: vec![("named so; there are no rows".to_owned(), 0.1)] })
}
