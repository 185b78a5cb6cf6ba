//! Where there are no rows to compare, names are all there is.

use std::collections::HashMap;

use super::super::sketch::Class;
use super::super::types::compatibility;
use super::signals::{Ground, Weighed, names, places};
use super::subject::Place;

/// Tables whose names end in the same word, among which names alone may choose.
const MOST_NAMESAKES: usize = 50;

pub fn by_name_alone(ground: &Ground<'_>) -> Vec<(Place, Place, Weighed)> {
    // By the last word of what a reference to them would be called.
    let mut by_head: HashMap<&str, Vec<Place>> = HashMap::new();
    for (table, key) in ground.keys.unwrap_or_default().iter().enumerate() {
        let Some((column, _)) = key else { continue };
        let parent = Place { table, column: *column };
        for head in ground.naming.heads(parent) {
            by_head.entry(head).or_default().push(parent);
        }
    }
    let mut found = Vec::new();
    for (table, subject) in ground.subjects.iter().enumerate() {
        for column in 0..subject.traits.len() {
            let child = Place { table, column };
            let Some(head) = ground.naming.head(child) else { continue };
            // A word that so many share names none of them.
            let Some(parents) = by_head.get(head).filter(|parents| parents.len() <= MOST_NAMESAKES) else { continue };
            for parent in parents.iter().copied() {
                let (other, key) = (parent.table, &parent.column);
                let is_empty =
                    subject.traits[column].class == Class::Nothing || ground.subjects[other].rows == 0 || !ground.subjects[other].complete;
                let fits = compatibility(&subject.table.columns[column].r#type, &ground.subjects[other].table.columns[*key].r#type) > 0.5;
                if !is_empty || !fits || child == parent {
                    continue;
                }
                let told = ground.naming.told(child, parent);
                let least = if ground.naming.is_id_like(child) { 0.8 } else { 0.95 };
                if told.likeness.best() < least || ground.naming.own(child) > 0.9 {
                    continue;
                }
                let mut weighed = Weighed::told();
                weighed.say("no_rows", -0.5, || "there are no values to compare".to_owned());
                names(&mut weighed, ground, child, parent, &told);
                places(&mut weighed, ground, child, parent, &told);
                found.push((child, parent, weighed));
            }
        }
    }
    found
}
