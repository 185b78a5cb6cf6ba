//! Which tables may ask a person: of each kind of question the first few by how much hangs on them, so that a run asks a handful at most,
//! however many tables there are.

use serde::Serialize;

use crate::domain::{Column, Snapshot, Table};
use crate::evidence::infer::InferredReference;
use crate::evidence::landscape::{Place, Role};
use crate::evidence::{names, natures};
use crate::tools::survey::Survey;

/// A candidate that is no more than this less likely is a rival.
const NEARLY: f64 = 0.35;
const MOST_RIVALS: usize = 2;
/// Surer references are not asked about.
const SURE: f64 = 0.9;
/// Tables that may ask, of each kind of question.
const ASKING: usize = 2;

/// Whether it is for a table to ask about references, codes or second entries.
#[derive(Serialize)]
pub struct MayAsk {
    references: bool,
    codes: bool,
    twice: bool,
}

pub fn of(snapshot: &Snapshot, survey: &Survey, table: &Table) -> MayAsk {
    let is_first = |fits: &dyn Fn(&Table, &Place) -> bool| {
        let mut fitting: Vec<(usize, &str)> = snapshot
            .tables_of(&table.schema)
            .filter_map(|other| Some((other, survey.landscape.place(&other.full_name())?)))
            .filter(|(other, place)| !matches!(place.role, Role::Copy | Role::Empty | Role::View) && fits(other, place))
            .map(|(other, place)| (place.rank, other.name.as_str()))
            .collect();
        fitting.sort_unstable();
        fitting.iter().take(ASKING).any(|(_, name)| *name == table.name)
    };
    // Few are near, and most tables have none.
    let doubted: Vec<&InferredReference> = survey.inference.references.iter().filter(|other| is_near(other)).collect();
    let has_rivals = |other: &Table| {
        let is_own = |reference: &&&InferredReference| reference.child_schema == other.schema && reference.child_table == other.name;
        doubted.iter().filter(is_own).any(|doubted| {
            let mut standing = survey.references().filter(|reference| reference.child_table == other.name);
            standing.any(|reference| is_rival(doubted, reference) && only_a_person_knows(doubted, reference))
        })
    };
    let is_code = |column: &Column| {
        natures::is_code(&column.name, &column.r#type) && !natures::is_known_code(&column.name) && column.comment.is_none()
    };
    MayAsk {
        references: is_first(&|other, _| has_rivals(other)),
        codes: is_first(&|other, _| other.columns.iter().any(is_code)),
        twice: is_first(&|other, _| natures::are_people(&other.name)),
    }
}

/// Other candidates for which nearly as much speaks.
pub fn rivals<'s>(survey: &'s Survey, reference: &'s InferredReference) -> impl Iterator<Item = &'s InferredReference> {
    survey.inference.references.iter().filter(|other| is_near(other) && is_rival(other, reference)).take(MOST_RIVALS)
}

pub fn is_contested(survey: &Survey, reference: &InferredReference) -> bool {
    rivals(survey, reference).any(|rival| only_a_person_knows(rival, reference))
}

fn is_near(other: &InferredReference) -> bool {
    other.rejected.is_some() && other.confidence >= 0.5
}

fn is_rival(other: &InferredReference, reference: &InferredReference) -> bool {
    !reference.declared
        && other.child_schema == reference.child_schema
        && other.child_table == reference.child_table
        && other.child_columns == reference.child_columns
        && other.confidence >= reference.confidence - NEARLY
}

/// Where the column names one of the two tables and not the other, there is nothing to ask.
fn only_a_person_knows(rival: &InferredReference, reference: &InferredReference) -> bool {
    let names_it = |parent: &InferredReference| {
        let words: Vec<String> = parent.child_columns.iter().flat_map(|column| names::words(column)).collect();
        names::words(&parent.parent_table).iter().any(|word| word.len() > 2 && words.contains(word))
    };
    reference.confidence < SURE
        && (&rival.parent_schema, &rival.parent_table) != (&reference.parent_schema, &reference.parent_table)
        && (!names_it(reference) || names_it(rival))
}
