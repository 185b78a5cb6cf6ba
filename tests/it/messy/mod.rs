//! Messy databases with known truth, drawn from a seed: what key discovery is judged by.
//!
//! Knows nothing of how keys are found, uses nothing outside this folder but `std` and `serde_json`, and has a source of chance of its own:
//! a seed gives the same database for ever. `write.rs` puts one into a SQLite file.

mod design;
mod dirt;
mod domain;
mod extras;
mod fill;
mod naming;
mod numbers;
mod random;
#[cfg(test)]
mod tests;
mod truth;
mod values;

use std::collections::BTreeSet;

use design::{Content, Design, Identity};
use dirt::Dirt;
use fill::Filled;
use random::Random;
use values::{Dates, Writer};

pub use truth::{ForeignKey, Polymorphic, Truth};

pub struct MessyDatabase {
    pub name: String,
    pub tables: Vec<MessyTable>,
    pub truth: Truth,
    /// What this one is like: `naming: legacy`, `keys: uuid`, `dirt: orphans`.
    pub traits: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MessyTable {
    pub name: String,
    pub columns: Vec<MessyColumn>,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MessyColumn {
    pub name: String,
    /// May be loose, and empty.
    pub declared: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Value {
    /// As it is compared: a number is what it reads as.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// How a database says the types of its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Types {
    Declared,
    AllText,
    Nothing,
}

pub fn generate(seed: u64) -> MessyDatabase {
    let mut random = Random::new(seed);
    let mut design = design::draw(&mut random.fork());
    extras::add(&mut design, &mut random.fork());
    let mut traits: BTreeSet<String> = design.domains.iter().map(|domain| format!("domain: {domain}")).collect();
    let mut label = |is_so: bool, text: String| traits.extend(is_so.then_some(text));

    if random.chance(0.3) {
        design.tables.iter_mut().for_each(|table| random.shuffle(&mut table.columns));
        label(true, "columns: shuffled".to_owned());
    }
    let mut namings = vec![naming::draw(&mut random.fork())];
    if random.chance(0.08) {
        let second = naming::draw(&mut random.fork());
        if ![&namings[0], &second].iter().any(|naming| naming.style == "nameless") {
            namings.push(second);
            label(true, "naming: mixed".to_owned());
        }
    }
    namings.iter().for_each(|naming| label(true, format!("naming: {}", naming.label())));
    let numbering = numbers::draw(&mut random.fork());
    label(true, format!("keys: {}", numbering.label()));
    label(design.surrogates_everywhere, "keys: surrogates everywhere".to_owned());

    let dates = [Dates::Iso, Dates::Compact, Dates::Epoch, Dates::German][random.weighted(&[6, 1, 2, 1])];
    label(dates != Dates::Iso, format!("dates: {dates:?}").to_lowercase());
    let types = [Types::Declared, Types::AllText, Types::Nothing][random.weighted(&[8, 1, 1])];
    label(types != Types::Declared, format!("types: {types:?}").to_lowercase());
    let (first_day, days) = (random.between(12_000, 18_000), random.between(200, 2_500));
    let writer = Writer { nouns: &design.nouns, statuses: &design.statuses, dates, first_day, days };
    let mut filled = fill::fill(&design, numbering, &writer, &mut random.fork());
    let dirt = dirt::spoil(&design, &mut filled, &mut random.fork());
    let links = || dirt.iter().flatten();
    label(links().any(|dirt| dirt.has_orphans), "dirt: orphans".to_owned());
    label(links().any(|dirt| dirt.has_sentinels), "dirt: sentinels".to_owned());
    label(links().any(|dirt| dirt.as_text), "dirt: numbers as text".to_owned());

    let names = naming::name(&design, &namings);
    let truth = truth(&design, &names, &dirt);
    label(!truth.polymorphic.is_empty(), "extra: polymorphic".to_owned());
    let mut tables = tables(&design, &names, &filled, &dirt, &writer, types);
    if random.chance(0.25) {
        tables.iter_mut().for_each(|table| random.shuffle(&mut table.rows));
        label(true, "rows: shuffled".to_owned());
    }
    random.shuffle(&mut tables);
    let mut database = MessyDatabase { name: format!("messy_{seed:04}"), tables, truth, traits };
    extras::multiply(&mut database, &mut random.fork());
    database.truth.follow();
    database
}

fn truth(design: &Design, names: &[(String, Vec<String>)], dirt: &[Vec<Dirt>]) -> Truth {
    let named = |table: usize, columns: Vec<usize>| columns.into_iter().map(|at| names[table].1[at].clone()).collect::<Vec<_>>();
    let mut truth = Truth::default();
    for (at, table) in design.tables.iter().enumerate() {
        if table.identity != Identity::None {
            truth.primary_keys.insert(names[at].0.clone(), named(at, design.key_columns(at)));
        }
        for (place, link) in table.links.iter().enumerate() {
            let reference = ForeignKey {
                child_table: names[at].0.clone(),
                child_columns: named(at, design.link_columns(at, place)),
                parent_table: names[link.parent].0.clone(),
                parent_columns: named(link.parent, design.target_columns(link)),
                stray_share: dirt[at][place].stray_share,
            };
            let of = if link.along.is_some() { &mut truth.implied_foreign_keys } else { &mut truth.foreign_keys };
            of.push(reference);
        }
        let place = |is: fn(&Content) -> bool| table.columns.iter().position(|column| is(&column.content));
        let name_column = place(|content| matches!(content, Content::PolymorphicName(_)));
        let key_column = place(|content| matches!(content, Content::PolymorphicKey(_)));
        if let (Some(name), Some(key)) = (name_column, key_column)
            && let Content::PolymorphicKey(parents) = &table.columns[key].content
        {
            truth.polymorphic.push(Polymorphic {
                table: names[at].0.clone(),
                name_column: names[at].1[name].clone(),
                key_column: names[at].1[key].clone(),
                parents: parents.iter().map(|parent| names[*parent].0.clone()).collect(),
            });
        }
    }
    truth
}

fn tables(
    design: &Design,
    names: &[(String, Vec<String>)],
    filled: &Filled,
    dirt: &[Vec<Dirt>],
    writer: &Writer<'_>,
    types: Types,
) -> Vec<MessyTable> {
    let table = |at: usize| {
        let (name, columns) = &names[at];
        let declared = |column: usize| match types {
            Types::AllText => "TEXT",
            Types::Nothing => "",
            Types::Declared => declared(design, at, column, filled, dirt, writer),
        };
        let column = |(place, name): (usize, &String)| MessyColumn { name: name.clone(), declared: declared(place).to_owned() };
        let cell = |row: usize, column: usize| {
            let mut value = filled.cells[at][column][row].clone();
            if types == Types::AllText {
                dirt::as_text(&mut value);
            }
            value
        };
        let row = |row: usize| (0..columns.len()).map(|column| cell(row, column)).collect();
        let rows = (0..filled.rows[at]).map(row).collect();
        MessyTable { name: name.clone(), columns: columns.iter().enumerate().map(column).collect(), rows }
    };
    (0..design.tables.len()).map(table).collect()
}

fn declared(design: &Design, table: usize, column: usize, filled: &Filled, dirt: &[Vec<Dirt>], writer: &Writer<'_>) -> &'static str {
    let is_number = |table: usize, column: usize| matches!(filled.cells[table][column].first(), Some(Value::Integer(_)));
    match &design.tables[table].columns[column].content {
        Content::Attribute { generator, .. } | Content::Code(generator) => writer.declared(generator),
        Content::Sequence(_) => "INTEGER",
        Content::Part { link, .. } if dirt[table][*link].as_text => "VARCHAR(20)",
        Content::Part { link, part } => {
            let of = &design.tables[table].links[*link];
            declared(design, of.parent, design.target_columns(of)[*part], filled, dirt, writer)
        }
        Content::Copied { .. } | Content::PolymorphicName(_) => "VARCHAR(60)",
        Content::Number if is_number(table, column) || filled.rows[table] == 0 => "INTEGER",
        Content::PolymorphicKey(_) if filled.cells[table][column].iter().all(|value| !matches!(value, Value::Text(_))) => "INTEGER",
        Content::Number | Content::PolymorphicKey(_) => "VARCHAR(36)",
    }
}
